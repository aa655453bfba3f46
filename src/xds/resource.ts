import { createHash } from 'node:crypto';

/** A resource as it is served: encoded once, shared by everybody who gets it. */
export interface Resource {
  readonly typeUrl: string;
  readonly name: string;
  /** Opaque. The same content has the same version, also after a restart and on another replica. */
  readonly version: string;
  /** The value of the `Any`, i.e. the encoded message. */
  readonly bytes: Buffer;
}

/** What one node may see: by type URL, then by name. Immutable; equal parts are the same object. */
export type ResourceSet = ReadonlyMap<string, ReadonlyMap<string, Resource>>;

/** The version that follows from the content: 128 bits of SHA-256, enough that equal means equal. */
export function contentVersion(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
}

export function createResource(typeUrl: string, name: string, bytes: Buffer, version?: string): Resource {
  return { typeUrl, name, bytes, version: version ?? contentVersion(bytes) };
}
