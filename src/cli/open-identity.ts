import type { Authority } from '../identity/authority.ts';
import { openAuthority } from '../identity/authority-store.ts';
import { openTokenSigner, type TokenKeys, verificationKeys } from '../identity/token-key.ts';
import type { Mesh } from '../mesh/mesh.ts';
import { writeFileAtomically } from '../store/atomic-file.ts';
import { createAuthorityFiles } from '../store/authority-files.ts';
import { createTokenKeyFile } from '../store/token-key-file.ts';
import { xdsCaPath } from './state-folder.ts';

/** What a mesh's identities hang on. */
export interface OpenIdentity {
  readonly meshAuthority: Authority;
  readonly xdsAuthority: Authority;
  readonly tokenKeys: TokenKeys;
}

export interface OpenIdentityOptions {
  readonly state: string;
  readonly mesh: Pick<Mesh, 'name' | 'trustDomain'>;
  /** Of a new authority. */
  readonly authorityTtlMs: number;
  readonly now: number;
}

/**
 * Opens the authorities and the token key in a state folder, making them at the first start, and leaves the xDS
 * authority's certificate there for bootstraps.
 * @throws ControlPlaneError when one is damaged, has ended, is for another trust domain, or is open to others
 */
export async function openIdentity({
  state,
  mesh,
  authorityTtlMs,
  now,
}: OpenIdentityOptions): Promise<OpenIdentity> {
  const store = createAuthorityFiles(state);
  const ofNew = { mesh: mesh.name, trustDomain: mesh.trustDomain, lifetimeMs: authorityTtlMs, now };
  const meshAuthority = await openAuthority(store, 'mesh', ofNew);
  const xdsAuthority = await openAuthority(store, 'xds', ofNew);
  const signer = await openTokenSigner(createTokenKeyFile(state), mesh.name);
  await writeFileAtomically(xdsCaPath(state), xdsAuthority.certificatePem, 0o644);
  return { meshAuthority, xdsAuthority, tokenKeys: verificationKeys(signer) };
}
