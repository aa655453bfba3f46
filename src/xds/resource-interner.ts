import type { Resource } from './resource.ts';

interface Entry {
  readonly resource: Resource;
  users: number;
}

/** Equal resources as one object, kept for as long as somebody uses it. */
export class ResourceInterner {
  /** By type URL and name; there are rarely more than two versions of a name at one time. */
  readonly #types = new Map<string, Map<string, Entry[]>>();
  #size = 0;

  /** Distinct resources in use. */
  get size(): number {
    return this.#size;
  }

  /** The one object for this resource, used once more. */
  acquire(resource: Resource): Resource {
    const names = this.#types.get(resource.typeUrl) ?? new Map<string, Entry[]>();
    this.#types.set(resource.typeUrl, names);
    const entries = names.get(resource.name) ?? [];
    names.set(resource.name, entries);
    const entry = entries.find((known) => isEqual(known.resource, resource));
    if (entry) {
      entry.users += 1;
      return entry.resource;
    }
    entries.push({ resource, users: 1 });
    this.#size += 1;
    return resource;
  }

  /** Takes back one use of an object that `acquire` returned. */
  release(resource: Resource): void {
    const names = this.#types.get(resource.typeUrl);
    const entries = names?.get(resource.name);
    const index = entries?.findIndex((known) => known.resource === resource) ?? -1;
    const entry = entries?.[index];
    if (!names || !entries || !entry) return;
    entry.users -= 1;
    if (entry.users > 0) return;
    entries.splice(index, 1);
    this.#size -= 1;
    if (entries.length === 0) names.delete(resource.name);
  }
}

/** The bytes count too: a version that somebody chose by hand must not hand one node's content to another. */
function isEqual(one: Resource, other: Resource): boolean {
  return one === other || (one.version === other.version && one.bytes.equals(other.bytes));
}
