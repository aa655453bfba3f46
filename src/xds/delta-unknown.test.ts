import { expect, test } from 'vitest';
import { xdsFixture } from '../../test/support/xds-fixture.ts';
import { blank } from '../../test/support/xds-under-test.ts';
import { CLUSTER, ENDPOINTS, RESOURCE_TYPES, SECRET } from '../proto/resource-types.ts';
import { resourceSetOf } from './resource.ts';

const start = xdsFixture();

const ALL_BUT_SECRETS = RESOURCE_TYPES.filter((type) => type !== SECRET);
const clusters = [blank(CLUSTER, 'a', '1')];
const secret = blank(SECRET, 's', '1');

test('rule 62: a type that is not known yet is waited for, and the others are answered', async () => {
  const xds = await start();
  xds.cache.set('n', resourceSetOf(clusters, ALL_BUT_SECRETS));
  const client = xds.connect();
  client.hello('n', SECRET.typeUrl, ['s', 'missing']);
  client.subscribe(CLUSTER.typeUrl, ['*']);
  client.subscribe(ENDPOINTS.typeUrl, ['missing']);
  expect((await client.next()).typeUrl).toBe(CLUSTER.typeUrl);
  expect((await client.next()).removed).toEqual(['missing']);
  xds.cache.set('n', resourceSetOf([...clusters, secret]));
  const answer = await client.next();
  expect([[...answer.resources.keys()], answer.removed]).toEqual([['s'], ['missing']]);
});

test('a type that is not known any more takes nothing away, and holds back what is asked until it is known', async () => {
  const xds = await start();
  xds.cache.set('n', resourceSetOf([...clusters, secret]));
  const client = xds.connect();
  client.hello('n', SECRET.typeUrl, ['s']);
  await client.next();
  xds.cache.set('n', resourceSetOf(clusters, ALL_BUT_SECRETS));
  client.subscribe(SECRET.typeUrl, ['s']);
  client.subscribe(CLUSTER.typeUrl, ['*']);
  expect((await client.next()).typeUrl).toBe(CLUSTER.typeUrl);
  xds.cache.set('n', resourceSetOf([...clusters, blank(SECRET, 's', '2')]));
  expect([...(await client.next()).resources]).toEqual([['s', '2']]);
});

test('who holds the current version when a type becomes known gets nothing, now and with the next change', async () => {
  const xds = await start();
  xds.cache.set('n', resourceSetOf(clusters, ALL_BUT_SECRETS));
  const client = xds.connect();
  client.hello('n', SECRET.typeUrl, ['s', 't'], { initial_resource_versions: { s: '1', t: '1' } });
  await xds.logged('subscribed SDS');
  xds.cache.set('n', resourceSetOf([secret, blank(SECRET, 't', '1')]));
  expect((await client.next()).resources.size).toBe(0);
  xds.cache.set('n', resourceSetOf([secret, blank(SECRET, 't', '2')]));
  expect([...(await client.next()).resources]).toEqual([['t', '2']]);
});

test('names of a type that is not served are missing, whatever is known', async () => {
  const xds = await start();
  xds.cache.set('n', resourceSetOf([], []));
  const client = xds.connect();
  client.hello('n', 'type.googleapis.com/unheard.of', ['a']);
  expect((await client.next()).removed).toEqual(['a']);
});

test('a subscription is told before it is answered, with what is held, and what that changes is answered', async () => {
  const xds = await start({
    events: {
      subscribed({ nodeId }, { names, held }) {
        const version = held.get('a') ?? 'fresh';
        xds.cache.set(nodeId, resourceSetOf(names.map((name) => blank(CLUSTER, name, version))));
      },
    },
  });
  const client = xds.connect();
  client.hello('n', CLUSTER.typeUrl, ['a'], { initial_resource_versions: { a: '7' } });
  const first = await client.next();
  expect(first.resources.size).toBe(0);
  client.ack(first, { resource_names_subscribe: ['a'], initial_resource_versions: { a: '8' } });
  const second = await client.next();
  expect([...second.resources]).toEqual([['a', 'fresh']]);
  client.ack(second, { resource_names_unsubscribe: ['a'] });
  client.subscribe(CLUSTER.typeUrl, ['b']);
  expect([...(await client.next()).resources]).toEqual([['b', 'fresh']]);
  expect(xds.log.filter((entry) => entry.startsWith('subscribed'))).toEqual([
    'subscribed CDS a a=7',
    'subscribed CDS a',
    'subscribed CDS b',
  ]);
});
