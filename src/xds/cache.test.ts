import { expect, test } from 'vitest';
import { CLUSTER, ENDPOINTS, type ResourceType } from '../proto/resource-types.ts';
import { ResourceCache } from './cache.ts';
import { createResource, type Resource, resourceSetOf } from './resource.ts';

const make = (type: ResourceType, name: string, content: string): Resource =>
  createResource(type.typeUrl, name, Buffer.from(content));

function watched() {
  const cache = new ResourceCache();
  let changes = 0;
  const unwatch = cache.watch('n', () => {
    changes += 1;
  });
  return { cache, unwatch, changes: () => changes };
}

test('a set equal to the one before announces nothing and changes nothing', () => {
  const { cache, changes } = watched();
  const build = () => resourceSetOf([make(CLUSTER, 'a', '1'), make(ENDPOINTS, 'a', '1')]);
  cache.set('n', build());
  const before = cache.get('n');
  cache.set('n', build());
  expect(changes()).toBe(1);
  expect(cache.get('n')).toBe(before);
});

test('the parts of a set that did not change stay the same objects', () => {
  const cache = new ResourceCache();
  cache.set('n', resourceSetOf([make(CLUSTER, 'a', '1'), make(ENDPOINTS, 'a', '1')]));
  const before = cache.get('n');
  cache.set('n', resourceSetOf([make(CLUSTER, 'a', '1'), make(ENDPOINTS, 'a', '2')]));
  expect(cache.get('n')?.get(CLUSTER.typeUrl)).toBe(before?.get(CLUSTER.typeUrl));
  expect(cache.get('n')?.get(ENDPOINTS.typeUrl)).not.toBe(before?.get(ENDPOINTS.typeUrl));
});

test('equal resources of many nodes are one object, for as long as one of them has it', () => {
  const cache = new ResourceCache();
  for (const node of ['n', 'm', 'o']) cache.set(node, resourceSetOf([make(CLUSTER, 'a', '1')]));
  const of = (node: string) => cache.get(node)?.get(CLUSTER.typeUrl)?.get('a');
  expect(of('m')).toBe(of('n'));
  expect(cache.counts().resources).toBe(1);
  cache.set('n', resourceSetOf([make(CLUSTER, 'a', '2')]));
  cache.clear('m');
  expect(cache.counts().resources).toBe(2);
  cache.clear('n');
  cache.set('o', resourceSetOf([]));
  expect(cache.counts()).toEqual({ resources: 0, nodes: 1, watched: 0 });
});

test('a version chosen by hand never hands the content of one node to another', () => {
  const cache = new ResourceCache();
  const secret = (content: string) => createResource(CLUSTER.typeUrl, 'a', Buffer.from(content), '1');
  cache.set('n', resourceSetOf([secret('of n')]));
  cache.set('m', resourceSetOf([secret('of m')]));
  expect(cache.get('m')?.get(CLUSTER.typeUrl)?.get('a')?.bytes.toString()).toBe('of m');
});

test('a watch hears of its own node until it ends', () => {
  const { cache, changes, unwatch } = watched();
  cache.set('other', resourceSetOf([make(CLUSTER, 'a', '1')]));
  expect(changes()).toBe(0);
  cache.set('n', resourceSetOf([make(CLUSTER, 'a', '1')]));
  expect(changes()).toBe(1);
  unwatch();
  cache.set('n', resourceSetOf([]));
  expect(changes()).toBe(1);
  expect(cache.counts().watched).toBe(0);
});

test('a type that is known and empty differs from one that is not known', () => {
  const { cache, changes } = watched();
  cache.set('n', resourceSetOf([make(CLUSTER, 'a', '1')], []));
  cache.set('n', resourceSetOf([make(CLUSTER, 'a', '1')], [ENDPOINTS]));
  expect([changes(), [...(cache.get('n')?.keys() ?? [])]]).toEqual([2, [ENDPOINTS.typeUrl, CLUSTER.typeUrl]]);
  cache.set('n', resourceSetOf([make(CLUSTER, 'a', '1')], [ENDPOINTS]));
  expect(changes()).toBe(2);
});

test('to be told that there is nothing differs from not being told', () => {
  const { cache, changes } = watched();
  cache.set('n', resourceSetOf([]));
  expect([changes(), cache.get('n')]).toEqual([1, resourceSetOf([])]);
  cache.clear('n');
  expect(cache.get('n')).toBeUndefined();
});
