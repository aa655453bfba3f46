/**
 * Turns the document, the presence of endpoints and a proxy's secrets into the set of resources that this proxy is
 * served. A set that contradicts itself is never served: the proxy keeps the one before.
 */
import { compileProxy } from '../compile/compile.ts';
import { inconsistencies } from '../compile/consistency.ts';
import type { CompiledResource, EndpointTable, Proxy } from '../compile/proxy.ts';
import { ControlPlaneError } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import { encode } from '../proto/descriptors.ts';
import { nodeId } from '../proto/names.ts';
import { RESOURCE_TYPES, resourceTypeOf, SECRET } from '../proto/resource-types.ts';
import type { ResourceCache } from '../xds/cache.ts';
import { createResource, type Resource, type ResourceSet, resourceSetOf } from '../xds/resource.ts';
import type { DocumentState } from './document-in-force.ts';

/** A resource whose version is not the hash of its content: a certificate's is its serial. */
export type VersionedResource = CompiledResource & { readonly version?: string };

const ALL_BUT_SECRETS = RESOURCE_TYPES.filter((type) => type !== SECRET);

function encodeResource({ typeUrl, name, message, version }: VersionedResource): Resource {
  const type = resourceTypeOf(typeUrl);
  if (!type) throw new ControlPlaneError('ERR_PROTO', `"${typeUrl}" is no resource type that is served`);
  return createResource(typeUrl, name, encode(type.message, message), version);
}

export class Publisher {
  readonly #cache: ResourceCache;
  readonly #logger: Logger;

  constructor(cache: ResourceCache, logger: Logger) {
    this.#cache = cache;
    this.#logger = logger;
  }

  /** @param secrets undefined as long as they are not known: who asks for them waits */
  publish(
    { mesh, rules }: DocumentState,
    endpoints: EndpointTable,
    proxy: Proxy,
    secrets: readonly VersionedResource[] | undefined,
  ): void {
    const node = nodeId(proxy);
    const compiled = compileProxy(mesh, rules, endpoints, proxy);
    const problems = inconsistencies(compiled);
    if (problems.length > 0) {
      this.#logger.error({ node, problems }, 'compiled configuration contradicts itself; the last one stays');
      return;
    }
    const resources = [...compiled, ...(secrets ?? [])].map(encodeResource);
    this.#cache.set(node, resourceSetOf(resources, secrets ? RESOURCE_TYPES : ALL_BUT_SECRETS));
  }

  /** What a node should hold now. */
  published(node: string): ResourceSet | undefined {
    return this.#cache.get(node);
  }

  /** Takes everything away from a proxy whose service left the document: it then serves and reaches nobody. */
  withdraw(node: string): void {
    this.#cache.set(node, resourceSetOf([]));
  }
}
