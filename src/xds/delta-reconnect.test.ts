import { expect, test } from 'vitest';
import { xdsFixture } from '../../test/support/xds-fixture.ts';
import { CLUSTER, ENDPOINTS } from '../proto/resource-types.ts';

const start = xdsFixture();

test('rule 57: a client that comes back gets what changed, and hears what is gone', async () => {
  const xds = await start();
  xds.put('n', CLUSTER, { same: '1', changed: '2', fresh: '1' });
  const client = xds.connect();
  client.hello('n', CLUSTER.typeUrl, ['*'], {
    initial_resource_versions: { same: '1', changed: '1', gone: '1' },
  });
  const answer = await client.next();
  expect([...answer.resources.keys()]).toEqual(['changed', 'fresh']);
  expect(answer.removed).toEqual(['gone']);
});

test('rules 57 and 59: named resources that are held in the current version are not sent again', async () => {
  const xds = await start();
  xds.put('n', ENDPOINTS, { same: '1', changed: '2' });
  const client = xds.connect();
  client.hello('n', ENDPOINTS.typeUrl, ['same', 'changed', 'gone', 'unknown'], {
    initial_resource_versions: { same: '1', changed: '1', gone: '1' },
  });
  const answer = await client.next();
  expect([...answer.resources.keys()]).toEqual(['changed']);
  expect([...answer.removed].sort()).toEqual(['gone', 'unknown']);
});

test('a client that comes back and has everything is answered all the same, with nothing', async () => {
  const xds = await start();
  xds.put('n', CLUSTER, { a: '1' });
  xds.put('n', ENDPOINTS, { a: '1' });
  const client = xds.connect();
  client.hello('n', CLUSTER.typeUrl, [], { initial_resource_versions: { a: '1' } });
  const clusters = await client.next();
  expect([clusters.typeUrl, clusters.resources.size, clusters.removed]).toEqual([CLUSTER.typeUrl, 0, []]);
  client.send({
    type_url: ENDPOINTS.typeUrl,
    resource_names_subscribe: ['a'],
    initial_resource_versions: { a: '1' },
  });
  const endpoints = await client.next();
  expect([endpoints.typeUrl, endpoints.resources.size]).toEqual([ENDPOINTS.typeUrl, 0]);
});

test('rule 58: what a client holds is not what it subscribes to, and counts only at first', async () => {
  const xds = await start();
  xds.put('n', ENDPOINTS, { a: '1', held: '2' });
  const client = xds.connect();
  client.hello('n', ENDPOINTS.typeUrl, ['a'], { initial_resource_versions: { held: '1' } });
  expect([...(await client.next()).resources.keys()]).toEqual(['a']);
  client.send({
    type_url: ENDPOINTS.typeUrl,
    resource_names_subscribe: ['a'],
    initial_resource_versions: { a: '1' },
  });
  expect([...(await client.next()).resources.keys()]).toEqual(['a']);
});

test('rule 57: what is held is remembered until the node has state', async () => {
  const xds = await start();
  const client = xds.connect();
  client.hello('n', CLUSTER.typeUrl, [], { initial_resource_versions: { a: '1', gone: '1' } });
  await xds.logged('connected n');
  xds.put('n', CLUSTER, { a: '1', b: '1' });
  const answer = await client.next();
  expect([[...answer.resources.keys()], answer.removed]).toEqual([['b'], ['gone']]);
});

test('rule 39: when a cluster changed while the client was away, its endpoints are sent although they did not', async () => {
  const xds = await start();
  xds.put('n', CLUSTER, { a: '2' });
  xds.put('n', ENDPOINTS, { a: '1' });
  const client = xds.connect();
  client.hello('n', CLUSTER.typeUrl, [], { initial_resource_versions: { a: '1' } });
  await client.next();
  client.send({
    type_url: ENDPOINTS.typeUrl,
    resource_names_subscribe: ['a'],
    initial_resource_versions: { a: '1' },
  });
  expect([...(await client.next()).resources]).toEqual([['a', '1']]);
});
