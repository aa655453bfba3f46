import { expect, test } from 'vitest';
import { decode, encode } from '../proto/descriptors.ts';
import type { DeltaDiscoveryResponse__Output } from '../proto/gen/types/envoy/service/discovery/v3/DeltaDiscoveryResponse.ts';
import { CLUSTER, ENDPOINTS } from '../proto/resource-types.ts';
import { createBodyCache } from './body-cache.ts';
import { createResource, NO_RESOURCES, type ResourceMap } from './resource.ts';
import { firstSubscription, respond } from './subscription.ts';
import { EMPTY_UPDATE, updateBetween } from './update.ts';

const map = (versions: Readonly<Record<string, string>>): ResourceMap =>
  new Map(
    Object.entries(versions).map(([name, version]) => {
      const bytes = encode(CLUSTER.message, { name });
      return [name, createResource(CLUSTER.typeUrl, name, bytes, version)];
    }),
  );

test('two maps are compared once, however many streams go from one to the other', () => {
  const [older, newer] = [map({ a: '1', b: '1', c: '1' }), map({ a: '1', b: '2', d: '1' })];
  const update = updateBetween(older, newer);
  expect(update.resources.map(({ name }) => name)).toEqual(['b', 'd']);
  expect(update.removed).toEqual(['c']);
  expect(updateBetween(older, newer)).toBe(update);
});

test('maps with the same versions differ by nothing', () => {
  expect(updateBetween(map({ a: '1' }), map({ a: '1' }))).toBe(EMPTY_UPDATE);
});

test('streams that are told the same share one encoded body', () => {
  const bodyOf = createBodyCache('here');
  const current = map({ a: '1', b: '1' });
  const legacyWildcard = { subscribe: [], unsubscribe: [], held: new Map() };
  const bodies = [1, 2].map(() => {
    const first = respond(firstSubscription(CLUSTER, legacyWildcard), NO_RESOURCES);
    return bodyOf(CLUSTER.typeUrl, respond(first.subscription, current).update ?? EMPTY_UPDATE);
  });
  expect(bodies[0]).toBe(bodies[1]);
});

test('nothing to tell is encoded for the type that it is of', () => {
  const bodyOf = createBodyCache('here');
  const typeOf = (typeUrl: string) =>
    decode<DeltaDiscoveryResponse__Output>(
      'envoy.service.discovery.v3.DeltaDiscoveryResponse',
      bodyOf(typeUrl, EMPTY_UPDATE),
    ).type_url;
  expect([typeOf(CLUSTER.typeUrl), typeOf(ENDPOINTS.typeUrl)]).toEqual([CLUSTER.typeUrl, ENDPOINTS.typeUrl]);
});
