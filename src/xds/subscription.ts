/**
 * One type on one delta stream, as a pure state machine: what the client wants, what it was told, and what it must
 * be told next. It knows neither sockets nor other types, and keeps no map of its own over what was sent: the client
 * holds, of the shared map `told`, whatever the subscription covers.
 *
 * xDS protocol, "Incremental xDS"; DeltaDiscoveryRequest in envoy/service/discovery/v3/discovery.proto.
 */
import { NO_RESOURCES, type Resource, type ResourceMap } from './resource.ts';
import { EMPTY_UPDATE, isNothing, type Update, updateBetween } from './update.ts';

/** The subscription part of a request. `*` in the lists is the wildcard. */
export interface SubscriptionChange {
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** `initial_resource_versions`: name to version of what the client kept from an earlier stream. */
  readonly held: ReadonlyMap<string, string>;
}

/** How a type reads a wildcard; see `ResourceType`. */
export interface WildcardTraits {
  readonly wildcard: boolean;
  readonly byNameOnly: boolean;
}

/** A response on its way, until the client answers it. */
export interface Sent {
  readonly nonce: string;
  readonly update: Update;
}

export interface Subscription {
  readonly traits: WildcardTraits;
  readonly wildcard: boolean;
  /** Explicit names, existing or not. */
  readonly names: ReadonlySet<string>;
  readonly told: ResourceMap;
  /** Names to be answered whatever was told. */
  readonly owed: ReadonlySet<string>;
  /** Everything covered is to be sent again. */
  readonly owesAll: boolean;
  /** An answer is due even if it is empty. */
  readonly owesReply: boolean;
  /** What the client kept from an earlier stream; counts for the first answer only. */
  readonly held: ReadonlyMap<string, string>;
  /** The newest responses without an answer, oldest first. */
  readonly unanswered: readonly Sent[];
}

const WILDCARD = '*';
const NO_NAMES: ReadonlySet<string> = new Set();
const NONE_HELD: ReadonlyMap<string, string> = new Map();

/** A client that never answers costs no more than this; the answer to a forgotten response tells nothing. */
const MAX_UNANSWERED = 16;

/** No resource has this version. */
const NO_VERSION = '';

/**
 * The state after a type's first request on a stream.
 *
 * Whoever subscribes to something is answered, if need be with nothing: a wildcard client ends its initial fetch by
 * that, and Envoy asks for endpoints and listeners on a new stream only after clusters were answered. What it holds
 * in the current version is not sent again, even if named: this is what `initial_resource_versions` is for.
 */
export function firstSubscription(traits: WildcardTraits, change: SubscriptionChange): Subscription {
  const legacyWildcard = traits.wildcard && change.subscribe.length === 0;
  const nothing: Subscription = {
    traits,
    wildcard: legacyWildcard,
    names: NO_NAMES,
    told: NO_RESOURCES,
    owed: NO_NAMES,
    owesAll: false,
    owesReply: legacyWildcard || change.subscribe.length > 0,
    held: NONE_HELD,
    unanswered: [],
  };
  return { ...changeSubscription(nothing, change), held: change.held };
}

/**
 * The state after a later request. Names are removed before others are added, so that one in both lists ends up
 * subscribed and answered (the "RemoveThenAdd" of discovery.proto); `held` is ignored by now.
 */
export function changeSubscription(
  before: Subscription,
  { subscribe, unsubscribe }: SubscriptionChange,
): Subscription {
  if (subscribe.length === 0 && unsubscribe.length === 0) return before;
  const isWildcard = (name: string) => name === WILDCARD && !before.traits.byNameOnly;
  const draft = draftOf(before);
  if (unsubscribe.some(isWildcard)) dropWildcard(draft);
  dropNames(draft, unsubscribe);
  if (subscribe.some(isWildcard)) addWildcard(draft);
  for (const name of subscribe) if (!isWildcard(name)) addName(draft, name);
  return { ...before, ...draft };
}

/** The part of a subscription that requests change, while one does. */
interface Draft {
  wildcard: boolean;
  names: Set<string>;
  owed: Set<string>;
  owesAll: boolean;
  owesReply: boolean;
  held: Map<string, string>;
}

function draftOf({ wildcard, names, owed, owesAll, owesReply, held }: Subscription): Draft {
  return { wildcard, names: new Set(names), owed: new Set(owed), owesAll, owesReply, held: new Map(held) };
}

function dropWildcard(draft: Draft): void {
  if (draft.owesAll) for (const name of draft.names) draft.owed.add(name);
  draft.wildcard = false;
  draft.owesAll = false;
}

/**
 * The client forgets the names, although the wildcard may still cover them. So under the wildcard it must hear which
 * ("Unsubscribing from Resources"); otherwise nothing is owed any more.
 */
function dropNames(draft: Draft, names: readonly string[]): void {
  const forgotten = names.filter((name) => draft.names.delete(name));
  if (draft.wildcard) for (const name of forgotten) oweAnew(draft, name);
  else for (const name of draft.owed) if (!draft.names.has(name)) draft.owed.delete(name);
}

function addWildcard(draft: Draft): void {
  draft.wildcard = true;
  draft.owesAll = true;
  draft.owesReply = true;
  for (const name of draft.held.keys()) draft.held.set(name, NO_VERSION);
}

function addName(draft: Draft, name: string): void {
  draft.names.add(name);
  oweAnew(draft, name);
}

/** Whatever version the client kept, it is to get the resource, or to hear that it is gone. */
function oweAnew({ owed, held }: Draft, name: string): void {
  owed.add(name);
  if (held.has(name)) held.set(name, NO_VERSION);
}

/** The state in which the names, so far as they are subscribed, are to be answered whatever the client has. */
export function owe(subscription: Subscription, names: Iterable<string>): Subscription {
  const draft = draftOf(subscription);
  for (const name of names) if (draft.wildcard || draft.names.has(name)) oweAnew(draft, name);
  return { ...subscription, ...draft };
}

/** What to tell the client now that `current` is all there is of the type, and the state once it is told. */
export function respond(
  subscription: Subscription,
  current: ResourceMap,
): { readonly subscription: Subscription; readonly update: Update | undefined } {
  const { told, owesReply } = subscription;
  if (told === current && !owesReply && isSettled(subscription)) return { subscription, update: undefined };
  const update = answer(subscription, updateBetween(told, current), current);
  return {
    subscription: {
      ...subscription,
      told: current,
      owed: NO_NAMES,
      owesAll: false,
      owesReply: false,
      held: NONE_HELD,
    },
    update: isNothing(update) && !owesReply ? undefined : update,
  };
}

/** The part of the changes that the subscription covers; the very same object if that is all of them. */
function covered({ wildcard, names }: Subscription, changes: Update): Update {
  if (wildcard) return changes;
  const resources = changes.resources.filter(({ name }) => names.has(name));
  const removed = changes.removed.filter((name) => names.has(name));
  const isAll = resources.length === changes.resources.length && removed.length === changes.removed.length;
  return isAll ? changes : { resources, removed };
}

/** Whether nothing is to be told but changes. */
function isSettled({ owed, owesAll, held }: Subscription): boolean {
  return owed.size === 0 && !owesAll && held.size === 0;
}

/** What changed and, besides, what is owed; less what the client kept in the current version. */
function answer(subscription: Subscription, changes: Update, current: ResourceMap): Update {
  const { wildcard, names, owed, owesAll, held } = subscription;
  const due = covered(subscription, changes);
  if (isSettled(subscription)) return due;
  const everything = () => covered(subscription, updateBetween(NO_RESOURCES, current)).resources;
  const send = new Set<Resource>(owesAll ? everything() : due.resources);
  const gone = new Set(due.removed);
  for (const name of owed) {
    const resource = current.get(name);
    if (resource) send.add(resource);
    else gone.add(name);
  }
  for (const [name, version] of held) {
    const resource = current.get(name);
    if (resource?.version === version) send.delete(resource);
    else if (!resource && (wildcard || names.has(name))) gone.add(name);
  }
  if (send.size === 0 && gone.size === 0) return EMPTY_UPDATE;
  return { resources: [...send], removed: [...gone] };
}

/** The state after a response went out. */
export function withSent(subscription: Subscription, sent: Sent): Subscription {
  return { ...subscription, unanswered: [...subscription.unanswered, sent].slice(-MAX_UNANSWERED) };
}

/**
 * The state after an answer, ACK or NACK alike: neither changes what is owed, since content that was refused is not
 * sent again. `answered` is undefined for a nonce that is not of this stream, or forgotten.
 */
export function withAnswer(
  subscription: Subscription,
  nonce: string,
): { readonly subscription: Subscription; readonly answered: Sent | undefined } {
  const answered = subscription.unanswered.find((sent) => sent.nonce === nonce);
  if (!answered) return { subscription, answered };
  const unanswered = subscription.unanswered.filter((sent) => sent !== answered);
  return { subscription: { ...subscription, unanswered }, answered };
}
