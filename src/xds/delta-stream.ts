import type { Logger } from '../lib/logger.ts';
import type { DeltaDiscoveryRequest__Output } from '../proto/gen/types/envoy/service/discovery/v3/DeltaDiscoveryRequest.ts';
import { CLUSTER, ENDPOINTS, type ResourceType, resourceTypeOf } from '../proto/resource-types.ts';
import type { ResourceCache } from './cache.ts';
import { type DeltaRequest, readDeltaRequest } from './delta-request.ts';
import { splitUpdate, withNonce } from './delta-response.ts';
import type { StreamInfo, XdsEvents } from './events.ts';
import type { Limits } from './limits.ts';
import { loadAssignmentOf } from './load-assignment.ts';
import { inAdditionOrder, inPushOrder, type TypedUpdate } from './push-order.ts';
import { exhausted, type Refusal } from './refusal.ts';
import { NO_RESOURCES, type Resource } from './resource.ts';
import {
  changeSubscription,
  firstSubscription,
  owe,
  respond,
  type Sent,
  type Subscription,
  type WildcardTraits,
  withAnswer,
  withSent,
} from './subscription.ts';
import { type Update, versionsOf } from './update.ts';

export interface DeltaStreamOptions {
  readonly info: StreamInfo;
  /** The only type of the stream; undefined on ADS. */
  readonly type: ResourceType | undefined;
  readonly cache: ResourceCache;
  readonly events: XdsEvents;
  readonly logger: Logger;
  readonly limits: Limits;
  /** Starts every nonce of the stream; not to be used by any other stream, so that no nonce outlives its own. */
  readonly noncePrefix: string;
  /** Everything of a response but its nonce. */
  readonly bodyOf: (typeUrl: string, update: Update) => Buffer;
  /** Hands bytes to the transport; calls back once they have left. */
  readonly write: (response: Buffer, written: () => void) => void;
}

const NONE_HELD: ReadonlyMap<string, string> = new Map();

/** A type that is not served is one of which nothing exists: its names are missing, and the stream goes on. */
const NOT_SERVED: WildcardTraits = { wildcard: false, byNameOnly: true };

/**
 * One client's delta stream: the subscriptions of all types, and the rule of when to write. It never queues pushes:
 * while what it wrote last has not left, changes are only noted in the cache, and then one push leads from what the
 * client was told to the newest state.
 */
export class DeltaStream {
  readonly #options: DeltaStreamOptions;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #unwatch: () => void;
  #nonces = 0;
  #isWriting = false;
  #isClosed = false;
  #hasSentClusters = false;

  constructor(options: DeltaStreamOptions) {
    this.#options = options;
    this.#unwatch = options.cache.watch(options.info.nodeId, () => this.#push());
  }

  /** Acts on a request. A refusal means that the stream has to end. */
  receive(message: DeltaDiscoveryRequest__Output): Refusal | undefined {
    const { type, limits } = this.#options;
    const request = readDeltaRequest(message, type, limits);
    if ('code' in request) return request;
    const before = this.#subscriptions.get(request.typeUrl);
    if (!before && this.#subscriptions.size >= limits.maxTypesPerStream) {
      return exhausted(`more than ${limits.maxTypesPerStream} types on one stream`);
    }
    const { subscription, answered } = before ? withAnswer(before, request.nonce) : { answered: undefined };
    const after = subscription ? changeSubscription(subscription, request) : this.#first(request);
    if (after.names.size > limits.maxNamesPerType) {
      return exhausted(`more than ${limits.maxNamesPerType} names of one type`);
    }
    this.#subscriptions.set(request.typeUrl, after);
    this.#report(request, answered);
    this.#announce(request, before === undefined);
    this.#push();
    return undefined;
  }

  #announce({ typeUrl, subscribe, held }: DeltaRequest, isFirst: boolean): void {
    if (!isFirst && subscribe.length === 0) return;
    const { info, events } = this.#options;
    events.subscribed?.(info, { typeUrl, names: subscribe, held: isFirst ? held : NONE_HELD });
  }

  #first(request: DeltaRequest): Subscription {
    const first = firstSubscription(resourceTypeOf(request.typeUrl) ?? NOT_SERVED, request);
    // After a reconnect Envoy asks for endpoints when it has the clusters; see #warm.
    const isWarming = request.typeUrl === ENDPOINTS.typeUrl && this.#hasSentClusters;
    return isWarming ? owe(first, request.held.keys()) : first;
  }

  close(): void {
    this.#isClosed = true;
    this.#unwatch();
    this.#subscriptions.clear();
  }

  /** A nonce may be stale: then nobody is told, and the rest of the request counts all the same. */
  #report({ typeUrl, nonce, error }: DeltaRequest, answered: Sent | undefined): void {
    if (nonce === '') return;
    const { info, events, logger } = this.#options;
    const fields = { node: info.nodeId, stream: info.id, type: typeUrl, nonce };
    if (!answered) {
      logger.debug(fields, 'answer to an unknown nonce');
    } else if (error === undefined) {
      logger.debug(fields, 'acknowledged');
      events.acked?.(info, { typeUrl, nonce });
    } else {
      logger.warn({ ...fields, error }, 'refused by the client');
      events.nacked?.(info, { typeUrl, nonce, versions: versionsOf(answered.update), message: error });
    }
  }

  /** Writes all that is due, of all types, unless the last writing is still going on. */
  #push(): void {
    if (this.#isWriting || this.#isClosed) return;
    const due = inPushOrder(this.#due()).flatMap(({ typeUrl, update }) =>
      splitUpdate(update, this.#options.limits.maxResponseBytes).map((part) => ({ typeUrl, update: part })),
    );
    const last = due.at(-1);
    this.#isWriting = last !== undefined;
    for (const typed of due) this.#send(typed, typed === last);
  }

  #due(): TypedUpdate[] {
    const resources = this.#options.cache.get(this.#options.info.nodeId);
    if (!resources) return [];
    const due: TypedUpdate[] = [];
    for (const typeUrl of inAdditionOrder([...this.#subscriptions.keys()])) {
      const before = this.#subscriptions.get(typeUrl) as Subscription;
      const current = resources.get(typeUrl) ?? (resourceTypeOf(typeUrl) ? undefined : NO_RESOURCES);
      if (!current) continue; // not known yet
      const { subscription, update } = respond(before, current);
      this.#subscriptions.set(typeUrl, subscription);
      if (!update) continue;
      due.push({ typeUrl, update });
      if (typeUrl === CLUSTER.typeUrl) this.#warm(update.resources);
    }
    return due;
  }

  /**
   * A changed cluster warms until endpoints arrive, but under delta Envoy does not ask for those it has: measured with
   * 1.40, it waits for its initial fetch timeout, 15 s. So they follow the cluster, unchanged as they may be.
   */
  #warm(clusters: readonly Resource[]): void {
    if (clusters.length === 0) return;
    this.#hasSentClusters = true;
    const endpoints = this.#subscriptions.get(ENDPOINTS.typeUrl);
    if (endpoints) this.#subscriptions.set(ENDPOINTS.typeUrl, owe(endpoints, clusters.map(loadAssignmentOf)));
  }

  #send({ typeUrl, update }: TypedUpdate, isLast: boolean): void {
    const { info, events, logger, noncePrefix, bodyOf, write } = this.#options;
    this.#nonces += 1;
    const nonce = `${noncePrefix}${this.#nonces}`;
    const subscription = this.#subscriptions.get(typeUrl);
    if (!subscription) return; // An event's receiver ended the stream meanwhile.
    this.#subscriptions.set(typeUrl, withSent(subscription, { nonce, update }));
    write(withNonce(bodyOf(typeUrl, update), nonce), () => {
      if (isLast) this.#written();
    });
    const { resources, removed } = update;
    const counts = { resources: resources.length, removed: removed.length };
    logger.debug({ node: info.nodeId, stream: info.id, type: typeUrl, nonce, ...counts }, 'sent');
    events.sent?.(info, { typeUrl, nonce, versions: versionsOf(update), removed });
  }

  #written(): void {
    this.#isWriting = false;
    this.#push();
  }
}
