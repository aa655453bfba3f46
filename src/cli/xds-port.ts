import type { SocketAddress } from '../compile/proxy.ts';
import type { Authority } from '../identity/authority.ts';
import { Rotation } from '../identity/rotation.ts';
import { issueServerCertificate } from '../identity/server-certificate.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { XdsServer } from '../xds/server.ts';
import { createRenewableCredentials } from './xds-credentials.ts';

const CERTIFICATE_TTL_MS = 30 * 86_400_000;

export interface XdsPortOptions {
  readonly server: XdsServer;
  readonly authority: Authority;
  readonly address: SocketAddress;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface XdsPort {
  readonly address: SocketAddress;
  /** Ends the renewal of its certificate. */
  stop(): void;
}

/**
 * Opens the xDS port with a certificate of its own authority that is renewed in time.
 * @throws ControlPlaneError `ERR_LISTEN`
 */
export async function openXdsPort({
  server,
  authority,
  address,
  clock,
  logger,
}: XdsPortOptions): Promise<XdsPort> {
  const hosts = ['localhost', address.address];
  const certificate = new Rotation({
    issue: () => issueServerCertificate(authority, { hosts, ttlMs: CERTIFICATE_TTL_MS, now: clock.now() }),
    clock,
    random: Math.random,
    onRenewed: (leaf) => renewable.renew(leaf),
    onFailed: (reason) =>
      logger.error({ reason }, "the xDS port's certificate could not be renewed; trying again"),
  });
  const renewable = createRenewableCredentials(await certificate.current());
  const { port } = await server.listen({
    host: address.address,
    port: address.port,
    credentials: renewable.credentials,
  });
  return { address: { address: address.address, port }, stop: () => certificate.stop() };
}
