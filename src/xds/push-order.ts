import { RESOURCE_TYPES, type ResourceType, resourceTypeOf } from '../proto/resource-types.ts';
import type { Update } from './update.ts';

/** An update of one type, on its way to one stream. */
export interface TypedUpdate {
  readonly typeUrl: string;
  readonly update: Update;
}

/** How many references lead to a type: listeners 0, routes 1, clusters 2, endpoints and secrets 3. */
function depthOf(type: ResourceType): number {
  const referrers = RESOURCE_TYPES.filter(({ api }) => type.referredBy.includes(api));
  return 1 + Math.max(-1, ...referrers.map(depthOf));
}

const DEPTH: ReadonlyMap<string, number> = new Map(
  RESOURCE_TYPES.map((type) => [type.typeUrl, depthOf(type)]),
);

const additionRank = (typeUrl: string) => resourceTypeOf(typeUrl)?.order ?? RESOURCE_TYPES.length;
const removalRank = (typeUrl: string) => DEPTH.get(typeUrl) ?? -1;

/** Type URLs with the referred first; those that are not served last. */
export function inAdditionOrder(typeUrls: readonly string[]): readonly string[] {
  return typeUrls.toSorted((a, b) => additionRank(a) - additionRank(b));
}

/**
 * Puts what goes to one stream at one time in order, so that nothing refers to what is not there: additions as they
 * are given, which is in addition order, then removals with the referring first (xDS protocol, "Eventual consistency
 * considerations"). A single update stays whole.
 */
export function inPushOrder(updates: readonly TypedUpdate[]): readonly TypedUpdate[] {
  if (updates.length < 2) return updates;
  const isRemovalOnly = ({ update }: TypedUpdate) =>
    update.resources.length === 0 && update.removed.length > 0;
  const additions = updates.filter((typed) => !isRemovalOnly(typed)).map(withoutRemovals);
  const removals = updates.filter(({ update }) => update.removed.length > 0).map(withoutResources);
  return [...additions, ...removals.sort((a, b) => removalRank(a.typeUrl) - removalRank(b.typeUrl))];
}

function withoutRemovals(typed: TypedUpdate): TypedUpdate {
  const { typeUrl, update } = typed;
  return update.removed.length === 0 ? typed : { typeUrl, update: { ...update, removed: [] } };
}

function withoutResources(typed: TypedUpdate): TypedUpdate {
  const { typeUrl, update } = typed;
  return update.resources.length === 0 ? typed : { typeUrl, update: { ...update, resources: [] } };
}
