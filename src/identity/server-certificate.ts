import { isIP } from 'node:net';
import { CONTROL_PLANE, spiffeIdOf } from '../lib/spiffe-id.ts';
import type { Authority } from './authority.ts';
import { issueLeaf, type Leaf, type LeafOptions } from './leaf.ts';

export interface ServerCertificateOptions extends LeafOptions {
  /** Host names and IP addresses by which proxies and people reach the port, beside the SPIFFE ID. */
  readonly hosts: readonly string[];
}

/**
 * Issues the xDS port's certificate, from the authority of that port. Proxies check its SPIFFE ID,
 * `spiffe://<trust domain>/portcullis`. To have it renewed in time, give this to a `Rotation`.
 * @throws ControlPlaneError `ERR_AUTHORITY` if the authority has ended
 */
export function issueServerCertificate(
  authority: Authority,
  options: ServerCertificateOptions,
): Promise<Leaf> {
  const { hosts, ...leafOptions } = options;
  const profile = {
    uri: spiffeIdOf(authority.trustDomain, CONTROL_PLANE),
    dnsNames: hosts.filter((host) => isIP(host) === 0),
    ipAddresses: hosts.filter((host) => isIP(host) !== 0),
    usages: ['serverAuth'],
  } as const;
  return issueLeaf(authority, profile, leafOptions);
}
