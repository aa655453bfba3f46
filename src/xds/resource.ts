import { createHash } from 'node:crypto';
import { RESOURCE_TYPES, type ResourceType } from '../proto/resource-types.ts';

/** A resource as it is served: encoded once, shared by everybody who gets it. */
export interface Resource {
  readonly typeUrl: string;
  readonly name: string;
  /** Opaque. The same content has the same version, also after a restart and on another replica. */
  readonly version: string;
  /** The value of the `Any`, i.e. the encoded message. */
  readonly bytes: Buffer;
}

/** Resources of one type, by name. Immutable. */
export type ResourceMap = ReadonlyMap<string, Resource>;

/**
 * What one node may see: by type URL, then by name. Immutable; equal parts are the same object. A type that is there is
 * known, even if there is nothing of it; one that is absent is not known yet, and whoever asks for it waits.
 */
export type ResourceSet = ReadonlyMap<string, ResourceMap>;

/** The type of which there is nothing. One object, so that "nothing" is recognised by identity. */
export const NO_RESOURCES: ResourceMap = new Map();

/** The version that follows from the content: 128 bits of SHA-256, enough that equal means equal. */
export function contentVersion(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
}

export function createResource(typeUrl: string, name: string, bytes: Buffer, version?: string): Resource {
  return { typeUrl, name, bytes, version: version ?? contentVersion(bytes) };
}

/**
 * Sorts resources into a set. Of two with one type and name the later stands.
 * @param known the types of which these are all that there is; by default all that are served
 */
export function resourceSetOf(
  resources: Iterable<Resource>,
  known: readonly ResourceType[] = RESOURCE_TYPES,
): ResourceSet {
  const set = new Map<string, Map<string, Resource>>(known.map(({ typeUrl }) => [typeUrl, new Map()]));
  for (const resource of resources) {
    const ofType = set.get(resource.typeUrl) ?? new Map<string, Resource>();
    ofType.set(resource.name, resource);
    set.set(resource.typeUrl, ofType);
  }
  return set;
}
