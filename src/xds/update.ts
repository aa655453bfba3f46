import { NO_RESOURCES, type Resource, type ResourceMap } from './resource.ts';

/** What a client must be told, of one type: resources to add or replace, and names to forget. Immutable. */
export interface Update {
  readonly resources: readonly Resource[];
  readonly removed: readonly string[];
}

export const EMPTY_UPDATE: Update = { resources: [], removed: [] };

/** By the newer map, then by the older: a push to many streams in the same state is one comparison. */
const known = new WeakMap<ResourceMap, WeakMap<ResourceMap, Update>>();

/**
 * What takes a client from `older` to `newer`; a resource has changed when its version has. The same two maps give
 * the same object, so that whatever is derived from it can be shared too.
 */
export function updateBetween(older: ResourceMap, newer: ResourceMap): Update {
  if (older === newer) return EMPTY_UPDATE;
  const toNewer = known.get(newer) ?? new WeakMap<ResourceMap, Update>();
  known.set(newer, toNewer);
  const made = toNewer.get(older) ?? compare(older, newer);
  toNewer.set(older, made);
  return made;
}

function compare(older: ResourceMap, newer: ResourceMap): Update {
  const resources = [...newer.values()].filter(({ name, version }) => older.get(name)?.version !== version);
  const removed = older === NO_RESOURCES ? [] : [...older.keys()].filter((name) => !newer.has(name));
  return isNothing({ resources, removed }) ? EMPTY_UPDATE : { resources, removed };
}

export function isNothing({ resources, removed }: Update): boolean {
  return resources.length === 0 && removed.length === 0;
}

const versions = new WeakMap<Update, ReadonlyMap<string, string>>();

/** Name to version of the resources in an update. */
export function versionsOf(update: Update): ReadonlyMap<string, string> {
  const made = versions.get(update) ?? new Map(update.resources.map(({ name, version }) => [name, version]));
  versions.set(update, made);
  return made;
}
