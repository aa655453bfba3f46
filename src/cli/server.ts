/**
 * The composition root of a running server: the only place that sees every layer. It opens what must exist before
 * anything is served (document, authorities, keys), wires events to the loop, and opens the ports last.
 */
import { randomBytes } from 'node:crypto';
import { startAdminServer } from '../admin/server.ts';
import type { SocketAddress } from '../compile/proxy.ts';
import { ControlPlane } from '../control/control-plane.ts';
import { DocumentInForce, type DocumentState } from '../control/document-in-force.ts';
import { DocumentWatch } from '../control/document-watch.ts';
import { probeByTls } from '../control/endpoint-probe.ts';
import { EventRing } from '../control/event-ring.ts';
import { createFailedJoins } from '../control/failed-joins.ts';
import { GatewayCertificates } from '../control/gateway-certificates.ts';
import { createJoinGate } from '../control/join-gate.ts';
import { LeaseJournal } from '../control/lease-journal.ts';
import { Publisher } from '../control/publisher.ts';
import { createRenewalService } from '../control/renewal-service.ts';
import { isEnded, Revocation } from '../control/revocation.ts';
import { createTokenRenewal } from '../control/token-renewal.ts';
import { secretsOf } from '../identity/secrets.ts';
import { SvidBook } from '../identity/svid-book.ts';
import { verifyToken } from '../identity/token.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { formatViolation, type Violation } from '../mesh/violation.ts';
import { lastGoodOf } from '../store/last-good.ts';
import { openStore, type Store } from '../store/store.ts';
import { ResourceCache } from '../xds/cache.ts';
import { createXdsServer } from '../xds/server.ts';
import { createAdminBackend } from './admin-backend.ts';
import { type OpenIdentity, openIdentity } from './open-identity.ts';
import { serverStatus } from './server-status.ts';
import { formatSocketAddress } from './socket-address.ts';
import { removeServerRecord, type ServerRecord, writeServerRecord, xdsCaPath } from './state-folder.ts';
import { toldEvents } from './told-events.ts';
import { openXdsPort } from './xds-port.ts';

export interface ServerOptions {
  /** The document's path. */
  readonly mesh: string;
  readonly state: string;
  readonly xds: SocketAddress;
  readonly admin: SocketAddress;
  readonly leafTtlMs: number;
  /** Of a new authority. */
  readonly authorityTtlMs: number;
  readonly allowLoopbackEndpoints: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface RunningServer {
  readonly record: ServerRecord;
  close(): Promise<void>;
}

export type ServerStart =
  | { readonly ok: true; readonly server: RunningServer }
  /** There is no good document, neither on disk nor from an earlier run. */
  | { readonly ok: false; readonly violations: readonly Violation[] };

const DOCUMENT_POLL_MS = 1_000;
const DOCUMENT_SETTLE_MS = 5;
const GATEWAY_CERTIFICATE_POLL_MS = 10_000;
const PRESENCE_GRACE_MS = 5_000;
const SHUTDOWN_GRACE_MS = 1_000;
/** The name under which presence is kept: one server to a state folder. */
const REPLICA = 'embedded';

/** @throws ControlPlaneError when state cannot be opened or a port cannot be had */
export async function startServer(options: ServerOptions): Promise<ServerStart> {
  const store = await openStore(options.state, options.clock, 'server');
  try {
    const started = await startWith(store, options);
    if (!started.ok) await store.close();
    return started;
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function startWith(store: Store, options: ServerOptions): Promise<ServerStart> {
  const { clock, logger, state } = options;
  const document = new DocumentInForce({
    path: options.mesh,
    clock,
    logger,
    lastGood: lastGoodOf(store.documents),
  });
  await document.start();
  if (!document.state) return { ok: false, violations: document.problem?.violations ?? [] };
  const identity = await openIdentity({
    store,
    state,
    mesh: document.state.mesh,
    authorityTtlMs: options.authorityTtlMs,
    now: clock.now(),
  });
  return { ok: true, server: await serve(options, store, document, document.state, identity) };
}

async function serve(
  options: ServerOptions,
  store: Store,
  document: DocumentInForce,
  first: DocumentState,
  identity: OpenIdentity,
): Promise<RunningServer> {
  const { clock, logger } = options;
  const cache = new ResourceCache();
  const events = new EventRing(clock);
  const { tokens, commands } = store;
  const known = await tokens.list();
  const ended = new Set(known.filter((token) => isEnded(token, known)).map(({ jti }) => jti));
  const was = await store.leases.list();
  const lost = new Set(was.filter(({ tokenId }) => ended.has(tokenId)).map(({ node }) => node));
  const svids = new SvidBook({
    authority: identity.meshAuthority,
    serials: store.serials,
    issued: (await store.serials.current()).filter(({ node }) => !lost.has(node)),
    ttlMs: options.leafTtlMs,
    clock,
    random: Math.random,
    onRenewed(node, svid) {
      logger.info({ node, serial: svid.serial }, 'certificate renewed');
      events.record({ kind: 'certificate-renewed', node, serial: svid.serial });
      plane.renewed(node, svid);
    },
    onFailed: (node, reason) =>
      logger.error({ node, reason }, 'a certificate could not be renewed; trying again'),
  });
  const gatewayCertificates = new GatewayCertificates({
    clock,
    logger,
    pollMs: GATEWAY_CERTIFICATE_POLL_MS,
    onChanged: () => plane.secretsChanged(),
  });
  const leases = new LeaseJournal({ leases: store.leases, replica: REPLICA, clock, logger });
  const plane: ControlPlane = new ControlPlane({
    publisher: new Publisher(cache, logger),
    svids,
    secretsFor: (proxy, svid) => [
      ...secretsOf(svid, identity.meshAuthority.certificatePem),
      ...gatewayCertificates.secretsOf(proxy.service),
    ],
    clock,
    logger,
    presence: {
      graceMs: PRESENCE_GRACE_MS,
      allowLoopback: options.allowLoopbackEndpoints,
      probe: probeByTls,
      leases,
    },
  });
  document.onChanged((next) => {
    plane.documentChanged(next);
    void gatewayCertificates.watch(next.mesh);
    events.record({ kind: 'document-taken', revision: next.revision, digest: next.digest });
  });
  document.onRefused(({ violations }) =>
    events.record({ kind: 'document-refused', violations: violations.map(formatViolation) }),
  );
  await gatewayCertificates.watch(first.mesh);
  plane.documentChanged(first);
  plane.restore(was.filter(({ node }) => !lost.has(node)));

  const joining = {
    mesh: () => document.state?.mesh,
    verifyToken: (token: string) => verifyToken(identity.tokenKeys, token, clock.now()),
    tokens,
    failures: createFailedJoins(clock),
  };
  const renew = createTokenRenewal({ ...joining, signer: identity.tokenSigner, commands, events, clock });
  const refused = plane.events.refused;
  const xds = createXdsServer({
    cache,
    authenticate: createJoinGate({ ...joining, holderOf: (node) => plane.holderOf(node) }),
    events: toldEvents(plane.events, () => revocation, events, clock),
    services: [createRenewalService({ renew, refused, logger })],
    logger,
    clock,
  });
  const revocation = new Revocation(
    { ...store, xds, expel: (node) => plane.expel(node), events, clock, logger },
    known,
  );
  const xdsPort = await openXdsPort({
    server: xds,
    authority: identity.xdsAuthority,
    address: options.xds,
    clock,
    logger,
  });
  const adminToken = randomBytes(32).toString('base64url');
  const admin = await startAdminServer({
    host: options.admin.address,
    port: options.admin.port,
    token: adminToken,
    logger,
    clock,
    backend: createAdminBackend({
      path: options.mesh,
      document,
      status: () => serverStatus(options.mesh, document, plane, gatewayCertificates),
      store,
      tokenSigner: identity.tokenSigner,
      revocation,
      events,
      clock,
    }),
  }).catch(async (error: unknown) => {
    // what is open already would keep a process running that serves nobody
    xdsPort.stop();
    await xds.close(0);
    throw error;
  });
  const watch = new DocumentWatch({
    path: options.mesh,
    clock,
    pollMs: DOCUMENT_POLL_MS,
    settleMs: DOCUMENT_SETTLE_MS,
    onMaybeChanged: () => void document.reload(),
  });
  const record: ServerRecord = {
    pid: process.pid,
    mesh: options.mesh,
    xds: formatSocketAddress(xdsPort.address),
    xdsCa: xdsCaPath(options.state),
    admin: admin.url,
    adminToken,
  };
  await writeServerRecord(options.state, record);
  return {
    record,
    async close() {
      await removeServerRecord(options.state);
      for (const part of [watch, gatewayCertificates, revocation, plane]) part.close();
      xdsPort.stop();
      svids.stop();
      await Promise.all([xds.close(SHUTDOWN_GRACE_MS), admin.close()]);
      await leases.close();
      await store.close();
    },
  };
}
