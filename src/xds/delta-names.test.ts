import { expect, test } from 'vitest';
import type { DeltaClient } from '../../test/support/delta-client.ts';
import { xdsFixture } from '../../test/support/xds-fixture.ts';
import { CLUSTER, ENDPOINTS, ROUTE, SECRET } from '../proto/resource-types.ts';

const start = xdsFixture();

/** A request that is surely answered: what was asked before it has arrived, and nothing was sent for that. */
async function expectNothingElse(client: DeltaClient): Promise<void> {
  client.subscribe(ROUTE.typeUrl, ['no-such-route']);
  const answer = await client.next();
  expect({ type: answer.typeUrl, removed: answer.removed }).toEqual({
    type: ROUTE.typeUrl,
    removed: ['no-such-route'],
  });
}

/** A node with endpoints a and b, and a client that has both. */
async function subscribed() {
  const xds = await start();
  xds.put('n', ENDPOINTS, { a: '1', b: '1' });
  const client = xds.connect();
  client.hello('n', ENDPOINTS.typeUrl, ['a', 'b']);
  const first = await client.next();
  expect(first.resources).toEqual(
    new Map([
      ['a', '1'],
      ['b', '1'],
    ]),
  );
  client.ack(first);
  return { xds, client };
}

test('rule 43: only what changed is sent', async () => {
  const { xds, client } = await subscribed();
  xds.put('n', ENDPOINTS, { a: '1', b: '2', unasked: '1' });
  const update = await client.next();
  expect([...update.resources]).toEqual([['b', '2']]);
  expect(update.removed).toEqual([]);
});

test('rule 44: lists are relative, and empty ones change nothing', async () => {
  const { xds, client } = await subscribed();
  client.subscribe(ENDPOINTS.typeUrl, []);
  xds.put('n', ENDPOINTS, { a: '2', b: '1' });
  expect([...(await client.next()).resources.keys()]).toEqual(['a']);
});

test('rule 45: a name that is subscribed again is sent again', async () => {
  const { client } = await subscribed();
  client.subscribe(ENDPOINTS.typeUrl, ['b']);
  expect([...(await client.next()).resources]).toEqual([['b', '1']]);
});

test('rule 46: everything is sent again when the wildcard is subscribed again', async () => {
  const xds = await start();
  xds.put('n', CLUSTER, { a: '1', b: '1' });
  const client = xds.connect();
  client.hello('n', CLUSTER.typeUrl, ['*']);
  client.ack(await client.next());
  client.subscribe(CLUSTER.typeUrl, ['*']);
  expect([...(await client.next()).resources.keys()]).toEqual(['a', 'b']);
});

test('rule 47: a name that was unsubscribed and is subscribed again is sent again', async () => {
  const { client } = await subscribed();
  client.unsubscribe(ENDPOINTS.typeUrl, ['a']);
  client.subscribe(ENDPOINTS.typeUrl, ['a']);
  expect([...(await client.next()).resources.keys()]).toEqual(['a']);
});

test('a name in both lists of one request ends up subscribed and answered', async () => {
  const { xds, client } = await subscribed();
  client.send({
    type_url: ENDPOINTS.typeUrl,
    resource_names_subscribe: ['a'],
    resource_names_unsubscribe: ['a'],
  });
  expect([...(await client.next()).resources.keys()]).toEqual(['a']);
  xds.put('n', ENDPOINTS, { a: '2', b: '1' });
  expect([...(await client.next()).resources.keys()]).toEqual(['a']);
});

test('rule 48: a missing name is reported removed and sent once created', async () => {
  const { xds, client } = await subscribed();
  client.subscribe(ENDPOINTS.typeUrl, ['c']);
  const missing = await client.next();
  expect([[...missing.resources], missing.removed]).toEqual([[], ['c']]);
  xds.put('n', ENDPOINTS, { a: '1', b: '1', c: '1' });
  expect([...(await client.next()).resources.keys()]).toEqual(['c']);
});

test('rules 49 and 50: a deletion is reported, and the same content is sent when it comes back', async () => {
  const { xds, client } = await subscribed();
  xds.put('n', ENDPOINTS, { a: '1' });
  expect((await client.next()).removed).toEqual(['b']);
  xds.put('n', ENDPOINTS, { a: '1', b: '1' });
  expect([...(await client.next()).resources]).toEqual([['b', '1']]);
});

test('rules 51 and 53: unsubscribing, even from what was never subscribed, is not answered', async () => {
  const { xds, client } = await subscribed();
  client.unsubscribe(ENDPOINTS.typeUrl, ['a', 'phantom']);
  await expectNothingElse(client);
  xds.put('n', ENDPOINTS, { a: '2', b: '1' });
  await expectNothingElse(client);
});

test('rule 52: under the wildcard, a name that is unsubscribed is answered with what is true of it', async () => {
  const xds = await start();
  xds.put('n', CLUSTER, { a: '1' });
  const client = xds.connect();
  client.hello('n', CLUSTER.typeUrl, ['*', 'a', 'missing']);
  expect((await client.next()).removed).toEqual(['missing']);
  client.unsubscribe(CLUSTER.typeUrl, ['a', 'missing']);
  const answer = await client.next();
  expect([[...answer.resources.keys()], answer.removed]).toEqual([['a'], ['missing']]);
  client.unsubscribe(CLUSTER.typeUrl, ['a']);
  await expectNothingElse(client);
});

test('rule 56: an empty first request is the wildcard, which names do not replace and an empty list not renew', async () => {
  const xds = await start();
  xds.put('n', CLUSTER, { a: '1', b: '1' });
  const client = xds.connect();
  client.hello('n', CLUSTER.typeUrl, []);
  expect((await client.next()).resources.size).toBe(2);
  client.subscribe(CLUSTER.typeUrl, ['a']);
  expect([...(await client.next()).resources.keys()]).toEqual(['a']);
  xds.put('n', CLUSTER, { a: '1', b: '2' });
  expect([...(await client.next()).resources.keys()]).toEqual(['b']);
  client.unsubscribe(CLUSTER.typeUrl, ['*']);
  await expectNothingElse(client);
  xds.put('n', CLUSTER, { a: '2', b: '3' });
  expect([...(await client.next()).resources.keys()]).toEqual(['a']);
  client.unsubscribe(CLUSTER.typeUrl, ['a']);
  client.subscribe(CLUSTER.typeUrl, []);
  await expectNothingElse(client);
  xds.put('n', CLUSTER, { a: '3', b: '4' });
  await expectNothingElse(client);
});

test('rule 29: an empty first request for endpoints subscribes to nothing', async () => {
  const xds = await start();
  xds.put('n', ENDPOINTS, { a: '1' });
  const client = xds.connect();
  client.hello('n', ENDPOINTS.typeUrl, []);
  await expectNothingElse(client);
});

test('rule 30: the empty name is the name of nothing', async () => {
  const xds = await start();
  xds.put('n', CLUSTER, { a: '1' });
  const client = xds.connect();
  client.hello('n', CLUSTER.typeUrl, ['']);
  const answer = await client.next();
  expect([answer.resources.size, answer.removed]).toEqual([0, ['']]);
});

test('secrets have no wildcard: to ask for all of them is to ask for one that is missing', async () => {
  const xds = await start();
  xds.put('n', SECRET, { svid: '1' });
  const client = xds.connect();
  client.hello('n', SECRET.typeUrl, ['*']);
  const answer = await client.next();
  expect([answer.resources.size, answer.removed]).toEqual([0, ['*']]);
});

test('a type that is not served has nothing, and the stream goes on', async () => {
  const xds = await start();
  xds.put('n', CLUSTER, { a: '1' });
  const client = xds.connect();
  client.hello('n', 'type.googleapis.com/envoy.service.runtime.v3.Runtime', ['rtds']);
  expect((await client.next()).removed).toEqual(['rtds']);
  client.subscribe(CLUSTER.typeUrl, ['a']);
  expect((await client.next()).resources.size).toBe(1);
});

test('rule 60: a wildcard over nothing is answered with nothing', async () => {
  const xds = await start();
  xds.put('n', ENDPOINTS, { a: '1' });
  const client = xds.connect();
  client.hello('n', CLUSTER.typeUrl, []);
  const answer = await client.next();
  expect([answer.typeUrl, answer.resources.size, answer.removed]).toEqual([CLUSTER.typeUrl, 0, []]);
});

test('rule 62: what is subscribed before the node has any state is sent when it has', async () => {
  const xds = await start();
  const client = xds.connect();
  client.hello('n', CLUSTER.typeUrl, []);
  client.subscribe(ENDPOINTS.typeUrl, ['a']);
  await xds.logged('connected n');
  xds.put('n', CLUSTER, { a: '1' });
  expect((await client.next()).resources.size).toBe(1);
  expect((await client.next()).removed).toEqual(['a']);
});

test('rule 95: clearing a node takes nothing from its streams, and they get what is set next', async () => {
  const { xds, client } = await subscribed();
  xds.cache.clear('n');
  xds.put('n', ENDPOINTS, { a: '1', b: '2' });
  const update = await client.next();
  expect([[...update.resources.keys()], update.removed]).toEqual([['b'], []]);
});
