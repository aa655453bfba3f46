import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { ControlPlaneError } from '../lib/errors.ts';
import type { StoredPem } from './authority-store.ts';

/** Where the key that signs join tokens outlives the process. */
export interface TokenKeyStore {
  load(): Promise<StoredPem | undefined>;
  /** Durable when it resolves. Never replaces one that exists: rejects with `ERR_STATE`. */
  save(pem: string): Promise<void>;
}

/** Signs the join tokens of one mesh (Ed25519). */
export interface TokenSigner {
  /** The mesh's name. */
  readonly mesh: string;
  /** Derived from the public key; the `kid` of its tokens. */
  readonly keyId: string;
  readonly privateKey: KeyObject;
}

/** What join tokens are verified with. */
export interface TokenKeys {
  /** The mesh's name. */
  readonly mesh: string;
  /** Public keys by key id. */
  readonly keys: ReadonlyMap<string, KeyObject>;
}

/**
 * The signer with the stored key, or at the first start with a new one, stored before it is returned.
 * @throws ControlPlaneError `ERR_TOKEN` if the stored key is damaged; what the store throws
 */
export async function openTokenSigner(store: TokenKeyStore, mesh: string): Promise<TokenSigner> {
  const stored = await store.load();
  if (stored) return signer(mesh, readKey(stored));
  const { privateKey } = generateKeyPairSync('ed25519');
  await store.save(String(privateKey.export({ type: 'pkcs8', format: 'pem' })));
  return signer(mesh, privateKey);
}

export function verificationKeys({ mesh, keyId, privateKey }: TokenSigner): TokenKeys {
  return { mesh, keys: new Map([[keyId, createPublicKey(privateKey)]]) };
}

function signer(mesh: string, privateKey: KeyObject): TokenSigner {
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const keyId = createHash('sha256').update(spki).digest('base64url').slice(0, 22);
  return { mesh, keyId, privateKey };
}

/** The reader's own message is dropped: it might quote the key. */
function readKey({ pem, where }: StoredPem): KeyObject {
  const damaged = () =>
    new ControlPlaneError(
      'ERR_TOKEN',
      `cannot use ${where}: it holds no Ed25519 private key; restore it from a backup, or start over with an ` +
        'empty state folder (every sidecar then needs a new bootstrap and a new token)',
    );
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw damaged();
  }
  if (key.asymmetricKeyType !== 'ed25519') throw damaged();
  return key;
}
