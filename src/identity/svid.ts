import { ControlPlaneError } from '../lib/errors.ts';
import { parseSpiffeId } from '../lib/spiffe-id.ts';
import type { Authority } from './authority.ts';
import { issueLeaf, type Leaf, type LeafOptions } from './leaf.ts';

/** An X.509-SVID with its key (SPIFFE, X509-SVID). Lives in memory and in the Envoy that it was made for. */
export interface Svid extends Leaf {
  readonly spiffeId: string;
}

/** An SVID that a proxy got from an earlier run and still holds. Its key is the proxy's alone by now. */
export type HeldSvid = Omit<Svid, 'certificatePem' | 'privateKeyPem'>;

/** What a proxy lives on: an SVID that can be sent, or one that it has. */
export type LiveSvid = Svid | HeldSvid;

export function hasKey(svid: LiveSvid): svid is Svid {
  return 'privateKeyPem' in svid;
}

export interface SvidOptions extends LeafOptions {
  readonly spiffeId: string;
}

/**
 * Issues the identity of a service or gateway, for both ends of mTLS.
 * @throws ControlPlaneError `ERR_SPIFFE_ID` if the id is none, `ERR_AUTHORITY` if it is outside the authority's trust
 *   domain, names no workload, or the authority has ended
 */
export async function issueSvid(authority: Authority, options: SvidOptions): Promise<Svid> {
  const { spiffeId, ...leafOptions } = options;
  requireSignable(authority, spiffeId);
  const leaf = await issueLeaf(
    authority,
    { uri: spiffeId, dnsNames: [], ipAddresses: [], usages: ['serverAuth', 'clientAuth'] },
    leafOptions,
  );
  return { spiffeId, ...leaf };
}

function requireSignable(authority: Authority, spiffeId: string): void {
  const { trustDomain, path } = parseSpiffeId(spiffeId);
  if (trustDomain !== authority.trustDomain) {
    throw new ControlPlaneError(
      'ERR_AUTHORITY',
      `"${spiffeId}" cannot be issued: the authority is for the trust domain "${authority.trustDomain}"`,
    );
  }
  if (path === '') {
    throw new ControlPlaneError('ERR_AUTHORITY', `"${spiffeId}" cannot be issued: it names no workload`);
  }
}
