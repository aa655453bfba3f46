import type { Authority } from '../identity/authority.ts';
import { openAuthority } from '../identity/authority-store.ts';
import {
  openTokenSigner,
  type TokenKeys,
  type TokenSigner,
  verificationKeys,
} from '../identity/token-key.ts';
import type { Mesh } from '../mesh/mesh.ts';
import { writeFileAtomically } from '../store/atomic-file.ts';
import type { Store } from '../store/store.ts';
import { xdsCaPath } from './state-folder.ts';

/** What a mesh's identities hang on. */
export interface OpenIdentity {
  readonly meshAuthority: Authority;
  readonly xdsAuthority: Authority;
  readonly tokenSigner: TokenSigner;
  readonly tokenKeys: TokenKeys;
}

export interface OpenIdentityOptions {
  readonly store: Pick<Store, 'authorities' | 'tokenKey'>;
  /** The state folder. */
  readonly state: string;
  readonly mesh: Pick<Mesh, 'name' | 'trustDomain'>;
  /** Of a new authority. */
  readonly authorityTtlMs: number;
  readonly now: number;
}

/**
 * Opens the authorities and the token key, making them at the first start, and leaves the xDS authority's certificate in
 * the state folder for bootstraps.
 * @throws ControlPlaneError when one is damaged, has ended or is for another trust domain; what the store throws
 */
export async function openIdentity({
  store,
  state,
  mesh,
  authorityTtlMs,
  now,
}: OpenIdentityOptions): Promise<OpenIdentity> {
  const ofNew = { mesh: mesh.name, trustDomain: mesh.trustDomain, lifetimeMs: authorityTtlMs, now };
  const meshAuthority = await openAuthority(store.authorities, 'mesh', ofNew);
  const xdsAuthority = await openAuthority(store.authorities, 'xds', ofNew);
  const tokenSigner = await openTokenSigner(store.tokenKey, mesh.name);
  await writeFileAtomically(xdsCaPath(state), xdsAuthority.certificatePem, 0o644);
  return { meshAuthority, xdsAuthority, tokenSigner, tokenKeys: verificationKeys(tokenSigner) };
}
