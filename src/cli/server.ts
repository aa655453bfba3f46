/**
 * The composition root of a running server: the only place that sees every layer. It opens what must exist before
 * anything is served (document, authorities, keys), wires events to the loop, and opens the ports last.
 */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { startAdminServer } from '../admin/server.ts';
import type { SocketAddress } from '../compile/proxy.ts';
import { ControlPlane } from '../control/control-plane.ts';
import { DocumentInForce, type DocumentState } from '../control/document-in-force.ts';
import { DocumentWatch } from '../control/document-watch.ts';
import { GatewayCertificates } from '../control/gateway-certificates.ts';
import { createJoinGate } from '../control/join-gate.ts';
import { Publisher } from '../control/publisher.ts';
import { openAuthority } from '../identity/authority-store.ts';
import { Rotation, SvidBook } from '../identity/rotation.ts';
import { secretsOf } from '../identity/secrets.ts';
import { issueServerCertificate } from '../identity/server-certificate.ts';
import { verifyToken } from '../identity/token.ts';
import { openTokenSigner, verificationKeys } from '../identity/token-key.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Mesh } from '../mesh/mesh.ts';
import type { Violation } from '../mesh/violation.ts';
import { writeFileAtomically } from '../store/atomic-file.ts';
import { createAuthorityFiles } from '../store/authority-files.ts';
import { createLastGoodFile } from '../store/last-good-file.ts';
import { createTokenKeyFile } from '../store/token-key-file.ts';
import { ResourceCache } from '../xds/cache.ts';
import { createXdsServer } from '../xds/server.ts';
import { serverStatus } from './server-status.ts';
import { formatSocketAddress } from './socket-address.ts';
import { type ServerRecord, writeServerRecord, xdsCaPath } from './state-folder.ts';
import { createRenewableCredentials } from './xds-credentials.ts';

export interface ServerOptions {
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

const XDS_CERTIFICATE_TTL_MS = 30 * 86_400_000;
const DOCUMENT_POLL_MS = 1_000;
const DOCUMENT_SETTLE_MS = 5;
const GATEWAY_CERTIFICATE_POLL_MS = 10_000;
const PRESENCE_GRACE_MS = 5_000;
const SHUTDOWN_GRACE_MS = 1_000;

/** Identity is bound to names that may not change under a running mesh. */
function identityObjection(first: Mesh, next: Mesh): string | undefined {
  if (next.trustDomain !== first.trustDomain) {
    return `trustDomain cannot change once an authority exists: it is "${first.trustDomain}"`;
  }
  if (next.name !== first.name) return `mesh cannot change under a running server: it is "${first.name}"`;
  return undefined;
}

/** @throws ControlPlaneError when state cannot be opened or a port cannot be had */
export async function startServer(options: ServerOptions): Promise<ServerStart> {
  const { clock, logger, state } = options;
  await mkdir(state, { recursive: true, mode: 0o700 });

  let first: Mesh | undefined;
  let takeDocument: (next: DocumentState) => void = () => {};
  const document = new DocumentInForce({
    path: options.mesh,
    clock,
    logger,
    lastGood: createLastGoodFile(state),
    accept(mesh) {
      const objection = first && identityObjection(first, mesh);
      if (objection === undefined) return undefined;
      const hint = 'put the old name back, or start another server with another state folder';
      return { file: options.mesh, line: 1, column: 1, path: '', message: objection, hint };
    },
    onChanged: (next) => takeDocument(next),
  });
  await document.start();
  if (!document.state) return { ok: false, violations: document.problem?.violations ?? [] };
  const { mesh } = document.state;
  first = mesh;

  const lifetimes = {
    mesh: mesh.name,
    trustDomain: mesh.trustDomain,
    lifetimeMs: options.authorityTtlMs,
    now: clock.now(),
  };
  const authorities = createAuthorityFiles(state);
  const meshAuthority = await openAuthority(authorities, 'mesh', lifetimes);
  const xdsAuthority = await openAuthority(authorities, 'xds', lifetimes);
  await writeFileAtomically(xdsCaPath(state), xdsAuthority.certificatePem, 0o644);
  const tokenKeys = verificationKeys(await openTokenSigner(createTokenKeyFile(state), mesh.name));

  const svids = new SvidBook({
    authority: meshAuthority,
    ttlMs: options.leafTtlMs,
    clock,
    random: Math.random,
    onRenewed: (node, svid) => {
      logger.info({ node, serial: svid.serial }, 'certificate renewed');
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
  const cache = new ResourceCache();
  const plane: ControlPlane = new ControlPlane({
    publisher: new Publisher(cache, logger),
    svids,
    secretsFor: (proxy, svid) => [
      ...secretsOf(svid, meshAuthority.certificatePem),
      ...gatewayCertificates.secretsOf(proxy.service),
    ],
    clock,
    logger,
    presence: { graceMs: PRESENCE_GRACE_MS, allowLoopback: options.allowLoopbackEndpoints },
  });
  const watchCertificates = (next: Mesh) => gatewayCertificates.watch(next);
  takeDocument = (next) => {
    plane.documentChanged(next);
    void watchCertificates(next.mesh);
  };
  await watchCertificates(mesh);
  plane.documentChanged(document.state);

  const xds = createXdsServer({
    cache,
    authenticate: createJoinGate({
      mesh: () => document.state?.mesh,
      verifyToken: (token) => verifyToken(tokenKeys, token, clock.now()),
      holderOf: (node) => plane.holderOf(node),
    }),
    events: plane.events,
    logger,
    clock,
  });
  const hosts = ['localhost', options.xds.address];
  const certificate = new Rotation({
    issue: () =>
      issueServerCertificate(xdsAuthority, { hosts, ttlMs: XDS_CERTIFICATE_TTL_MS, now: clock.now() }),
    clock,
    random: Math.random,
    onRenewed: (leaf) => credentials.renew(leaf),
    onFailed: (reason) =>
      logger.error({ reason }, "the xDS port's certificate could not be renewed; trying again"),
  });
  const credentials = createRenewableCredentials(await certificate.current());
  const { port } = await xds.listen({
    host: options.xds.address,
    port: options.xds.port,
    credentials: credentials.credentials,
  });

  const adminToken = randomBytes(32).toString('base64url');
  const admin = await startAdminServer({
    host: options.admin.address,
    port: options.admin.port,
    token: adminToken,
    logger,
    view: {
      ready: () => document.state !== undefined,
      status: () => serverStatus(options.mesh, document, plane),
    },
  }).catch(async (error: unknown) => {
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
    xds: formatSocketAddress({ address: options.xds.address, port }),
    xdsCa: xdsCaPath(state),
    admin: admin.url,
    adminToken,
  };
  await writeServerRecord(state, record);
  return {
    ok: true,
    server: {
      record,
      async close() {
        watch.close();
        gatewayCertificates.close();
        certificate.stop();
        svids.stop();
        plane.close();
        await Promise.all([xds.close(SHUTDOWN_GRACE_MS), admin.close()]);
      },
    },
  };
}
