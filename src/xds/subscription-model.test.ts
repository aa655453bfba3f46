import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createResource, NO_RESOURCES, type ResourceMap } from './resource.ts';
import {
  changeSubscription,
  firstSubscription,
  respond,
  type Subscription,
  type SubscriptionChange,
  withAnswer,
  withSent,
} from './subscription.ts';

/**
 * The protocol as one would write it down first: a map of its own for every client, of each name that concerns it to
 * the version it was told, or to `undefined` if it was told that there is none.
 */
class NaiveServer {
  #wildcard: boolean;
  readonly #names = new Set<string>();
  readonly #told = new Map<string, string | undefined>();
  readonly #due = new Set<string>();
  #held: Map<string, string>;
  #mustReply: boolean;

  constructor(first: SubscriptionChange) {
    this.#wildcard = first.subscribe.length === 0;
    this.#held = new Map(first.held);
    this.#mustReply = true;
    this.#apply(first, true);
  }

  request(change: SubscriptionChange): void {
    this.#apply(change, false);
  }

  #apply({ subscribe, unsubscribe }: SubscriptionChange, isFirst: boolean): void {
    const forgotten: string[] = [];
    for (const name of unsubscribe) {
      if (name === '*') this.#wildcard = false;
      else if (this.#names.delete(name)) forgotten.push(name);
    }
    for (const name of this.#told.keys()) if (!this.#concerns(name)) this.#told.delete(name);
    for (const name of this.#due) if (!this.#concerns(name)) this.#due.delete(name);
    for (const name of forgotten) if (this.#wildcard) this.#forget(name);
    for (const name of subscribe) {
      if (name === '*') {
        this.#wildcard = true;
        this.#mustReply = true;
        for (const known of [...this.#told.keys(), ...(isFirst ? [] : this.#held.keys())]) {
          if (this.#told.get(known) !== undefined) this.#told.set(known, 'stale');
          if (this.#held.has(known)) this.#held.set(known, 'stale');
        }
      } else {
        this.#names.add(name);
        if (isFirst) this.#due.add(name);
        else this.#forget(name);
      }
    }
  }

  #forget(name: string): void {
    this.#due.add(name);
    this.#told.delete(name);
    if (this.#held.has(name)) this.#held.set(name, 'stale');
  }

  #concerns(name: string): boolean {
    return this.#wildcard || this.#names.has(name);
  }

  /** `isAnew`: the wildcard was subscribed since the last response. */
  respond(current: ResourceMap): { isAnew: boolean; sent: string[]; removed: string[] } | undefined {
    for (const [name, version] of this.#held) if (this.#concerns(name)) this.#told.set(name, version);
    this.#held = new Map();
    const sent: string[] = [];
    const removed: string[] = [];
    for (const { name, version } of current.values()) {
      if (!this.#concerns(name)) continue;
      if (this.#told.get(name) !== version) sent.push(name);
      this.#told.set(name, version);
    }
    for (const [name, version] of this.#told) {
      if (current.has(name) || version === undefined) continue;
      removed.push(name);
      this.#told.set(name, undefined);
    }
    for (const name of this.#due) {
      if (current.has(name) || removed.includes(name)) continue;
      removed.push(name);
      this.#told.set(name, undefined);
    }
    this.#due.clear();
    const isAnew = this.#mustReply;
    const reply = isAnew || sent.length > 0 || removed.length > 0;
    this.#mustReply = false;
    return reply ? { isAnew, sent: sent.sort(), removed: removed.sort() } : undefined;
  }
}

const TRAITS = { wildcard: true, byNameOnly: false };
const NAMES = ['a', 'b', 'c', 'd'] as const;
const name = fc.constantFrom(...NAMES);
const list = fc.uniqueArray(fc.constantFrom(...NAMES, '*'), { maxLength: 3 });
const version = fc.constantFrom('1', '2');
const step = fc.oneof(
  fc.record({ does: fc.constant('request' as const), subscribe: list, unsubscribe: list }),
  fc.record({ does: fc.constant('update' as const), name, version }),
  fc.record({ does: fc.constant('remove' as const), name }),
  // While a client reads slowly nothing is sent, and several steps become one response.
  fc.record({ does: fc.constant('send' as const) }),
  fc.record({ does: fc.constant('answer' as const) }),
  fc.record({
    does: fc.constant('reconnect' as const),
    subscribe: list,
    held: fc.dictionary(name, version).map((held) => new Map(Object.entries(held))),
  }),
);

test('whatever happens, the same is sent as by a server that keeps a map for each client', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const nothing: SubscriptionChange = { subscribe: [], unsubscribe: [], held: new Map() };
      let subscription: Subscription = firstSubscription(TRAITS, nothing);
      let naive = new NaiveServer(nothing);
      let current: ResourceMap = NO_RESOURCES;
      let nonces = 0;
      for (const action of steps) {
        switch (action.does) {
          case 'request': {
            const change = { ...action, held: new Map() };
            subscription = changeSubscription(subscription, change);
            naive.request(change);
            break;
          }
          case 'update': {
            const resource = createResource('type', action.name, Buffer.alloc(0), action.version);
            current = new Map([...current, [action.name, resource]]);
            break;
          }
          case 'remove':
            current = new Map([...current].filter(([other]) => other !== action.name));
            break;
          case 'answer':
            subscription = withAnswer(subscription, String(nonces)).subscription;
            break;
          case 'reconnect': {
            const change = { unsubscribe: [], ...action };
            subscription = firstSubscription(TRAITS, change);
            naive = new NaiveServer(change);
            break;
          }
          case 'send': {
            const { subscription: after, update } = respond(subscription, current);
            const expected = naive.respond(current);
            const sent = update?.resources.map((resource) => resource.name).sort();
            // Whoever subscribes to the wildcard again may hear once more that something is gone.
            const isSpare = (gone: string) => expected?.isAnew && !current.has(gone);
            const spare = expected?.removed.concat(update?.removed.filter(isSpare) ?? []);
            const removed = update && [...update.removed].sort();
            expect({ sent, removed }).toEqual({
              sent: expected?.sent,
              removed: expected && [...new Set(spare)].sort(),
            });
            expect(respond(after, current).update).toBeUndefined();
            nonces += 1;
            subscription = update ? withSent(after, { nonce: String(nonces), update }) : after;
          }
        }
      }
    }),
    { numRuns: 2_000 },
  );
});
