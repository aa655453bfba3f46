import { NO_RESOURCES, type Resource, type ResourceMap, type ResourceSet } from './resource.ts';
import { ResourceInterner } from './resource-interner.ts';

/**
 * What every node may see, as last set: state only, no history, no subscriptions. Sets are immutable and share their
 * equal parts, with the node's previous set and with other nodes'.
 */
export class ResourceCache {
  readonly #sets = new Map<string, ResourceSet>();
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #interner = new ResourceInterner();

  get(nodeId: string): ResourceSet | undefined {
    return this.#sets.get(nodeId);
  }

  /** Replaces what a node may see. If it is equal to what the node sees already, nothing happens. */
  set(nodeId: string, resources: ResourceSet): void {
    const before = this.#sets.get(nodeId);
    const after = this.#share(before, resources);
    if (after === before) return;
    this.#sets.set(nodeId, after);
    this.#release(before, after);
    this.#announce(nodeId);
  }

  /**
   * Forgets a node. Its open streams keep what they were sent and are told nothing until the next `set`: not to know
   * what a node may see is not the same as that it may see nothing.
   */
  clear(nodeId: string): void {
    const before = this.#sets.get(nodeId);
    this.#sets.delete(nodeId);
    this.#release(before, new Map());
  }

  /** Calls back after each change of a node's set. Returns what ends the watch. */
  watch(nodeId: string, changed: () => void): () => void {
    const ofNode = this.#watchers.get(nodeId) ?? new Set();
    this.#watchers.set(nodeId, ofNode.add(changed));
    return () => {
      ofNode.delete(changed);
      if (ofNode.size === 0 && this.#watchers.get(nodeId) === ofNode) this.#watchers.delete(nodeId);
    };
  }

  /** For tests and metrics: distinct resources held, nodes with state, nodes watched. */
  counts(): { readonly resources: number; readonly nodes: number; readonly watched: number } {
    return { resources: this.#interner.size, nodes: this.#sets.size, watched: this.#watchers.size };
  }

  #announce(nodeId: string): void {
    for (const changed of [...(this.#watchers.get(nodeId) ?? [])]) changed();
  }

  /** The set made of shared resources, with each map that did not change being the one from before. */
  #share(before: ResourceSet | undefined, resources: ResourceSet): ResourceSet {
    const after = new Map<string, ResourceMap>();
    for (const [typeUrl, ofType] of resources) {
      after.set(typeUrl, this.#shareType(before?.get(typeUrl), ofType));
    }
    const isSame = before?.size === after.size && [...after].every(([type, map]) => before.get(type) === map);
    return isSame ? before : after;
  }

  #shareType(before: ResourceMap | undefined, resources: ResourceMap): ResourceMap {
    if (before === resources) return before;
    if (resources.size === 0) return NO_RESOURCES;
    const shared = new Map<string, Resource>();
    for (const resource of resources.values()) shared.set(resource.name, this.#interner.acquire(resource));
    if (before && isSameMap(before, shared)) {
      for (const resource of shared.values()) this.#interner.release(resource);
      return before;
    }
    return shared;
  }

  /** Gives back what `before` held in maps that `after` no longer has. */
  #release(before: ResourceSet | undefined, after: ResourceSet): void {
    for (const [typeUrl, ofType] of before ?? []) {
      if (after.get(typeUrl) === ofType) continue;
      for (const resource of ofType.values()) this.#interner.release(resource);
    }
  }
}

function isSameMap(one: ResourceMap, other: ResourceMap): boolean {
  return one.size === other.size && [...other].every(([name, resource]) => one.get(name) === resource);
}
