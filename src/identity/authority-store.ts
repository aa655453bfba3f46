import { ControlPlaneError, messageOf } from '../lib/errors.ts';
import { type Authority, createAuthority, formatAuthority, parseAuthority } from './authority.ts';

/** What an authority is for: signing SVIDs, or the certificate of the xDS port. Neither is trusted for the other's. */
export type AuthorityUse = 'mesh' | 'xds';

/** A secret in PEM as it was stored. */
export interface StoredPem {
  readonly pem: string;
  /** Where it lies, for messages, e.g. `"/var/lib/portcullis/state.db" (mesh-authority)`. */
  readonly where: string;
}

/** Where authorities outlive the process. */
export interface AuthorityStore {
  load(use: AuthorityUse): Promise<StoredPem | undefined>;
  /** Durable when it resolves. Never replaces one that exists: rejects with `ERR_STATE`. */
  save(use: AuthorityUse, pem: string): Promise<void>;
}

export interface OpenAuthorityOptions {
  /** The mesh's name. */
  readonly mesh: string;
  readonly trustDomain: string;
  /** Of a new authority. */
  readonly lifetimeMs: number;
  readonly now: number;
}

/**
 * The stored authority, or at the first start a new one, stored before it is returned.
 * @throws ControlPlaneError `ERR_AUTHORITY` if the stored one is damaged, has ended or is for another trust domain;
 *   what the store throws
 */
export async function openAuthority(
  store: AuthorityStore,
  use: AuthorityUse,
  options: OpenAuthorityOptions,
): Promise<Authority> {
  const stored = await store.load(use);
  if (stored) return reopen(stored, options);
  const authority = await createAuthority({
    name: `${options.mesh} ${use} authority`,
    spiffeId: `spiffe://${options.trustDomain}`,
    lifetimeMs: options.lifetimeMs,
    now: options.now,
  });
  await store.save(use, formatAuthority(authority));
  return authority;
}

function reopen({ pem, where }: StoredPem, { trustDomain, now }: OpenAuthorityOptions): Authority {
  const authority = parseStored(pem, where);
  if (authority.trustDomain !== trustDomain) {
    throw new ControlPlaneError(
      'ERR_AUTHORITY',
      `trustDomain cannot change once an authority exists: the document says "${trustDomain}", the authority in ` +
        `${where} is for "${authority.trustDomain}"; put the old one back, or start over with an empty state folder`,
    );
  }
  if (now >= authority.notAfter) {
    throw new ControlPlaneError(
      'ERR_AUTHORITY',
      `the authority in ${where} ended at ${new Date(authority.notAfter).toISOString()}; if the clock is right, ` +
        'start over with an empty state folder, and give every sidecar a new bootstrap',
    );
  }
  return authority;
}

function parseStored(pem: string, where: string): Authority {
  try {
    return parseAuthority(pem);
  } catch (error) {
    throw new ControlPlaneError(
      'ERR_AUTHORITY',
      `cannot use ${where}: ${messageOf(error)}; restore it from a backup, or start over with an empty state folder ` +
        '(every sidecar then needs a new bootstrap)',
    );
  }
}
