import { expect, test } from 'vitest';
import { xdsFixture } from '../../test/support/xds-fixture.ts';
import { CLUSTER, ENDPOINTS, LISTENER } from '../proto/resource-types.ts';
import type { NackedEvent, SentEvent } from './events.ts';

const start = xdsFixture();

test('rules 5, 7 and 9: a response names its type, its sender, and a nonce that no other has', async () => {
  const xds = await start({ controlPlaneId: 'here' });
  xds.put('n', CLUSTER, { a: '1' });
  const [one, two] = [xds.connect(), xds.connect()];
  one.hello('n', CLUSTER.typeUrl, []);
  two.hello('n', CLUSTER.typeUrl, []);
  const [first, other] = [await one.next(), await two.next()];
  xds.put('n', CLUSTER, { a: '2' });
  const second = await one.next();
  expect([first.typeUrl, first.controlPlane]).toEqual([CLUSTER.typeUrl, 'here']);
  expect(first.raw.resources?.[0]?.resource).toMatchObject({ '@type': CLUSTER.typeUrl });
  expect(new Set([first.nonce, second.nonce, other.nonce, '']).size).toBe(4);
});

test('rule 10: an acknowledgement is told to the owner, and not answered', async () => {
  const xds = await start();
  xds.put('n', CLUSTER, { a: '1' });
  const client = xds.connect();
  client.hello('n', CLUSTER.typeUrl, []);
  client.ack(await client.next());
  await xds.logged('acked CDS');
  client.subscribe(LISTENER.typeUrl, ['l']);
  expect((await client.next()).typeUrl).toBe(LISTENER.typeUrl);
});

test('rules 15, 16, 18 and 20: refused content is reported and not repeated; the next change is sent', async () => {
  const refused: NackedEvent[] = [];
  const xds = await start({ events: { nacked: (_, event) => refused.push(event) } });
  xds.put('n', CLUSTER, { a: 'good', b: '1' });
  const client = xds.connect();
  client.hello('n', CLUSTER.typeUrl, []);
  client.ack(await client.next());
  xds.put('n', CLUSTER, { a: 'bad', b: '1' });
  const bad = await client.next();
  client.nack(bad, 'no such thing');
  await xds.logged('nacked CDS: no such thing');
  expect(refused[0]).toEqual({
    typeUrl: CLUSTER.typeUrl,
    nonce: bad.nonce,
    versions: new Map([['a', 'bad']]),
    message: 'no such thing',
  });
  xds.put('n', CLUSTER, { a: 'bad', b: '2' });
  expect([...(await client.next()).resources]).toEqual([['b', '2']]);
  xds.put('n', CLUSTER, { a: 'good', b: '2' });
  expect([...(await client.next()).resources]).toEqual([['a', 'good']]);
});

test('rule 2: what happens to one type is nothing to another', async () => {
  const xds = await start();
  xds.put('n', CLUSTER, { a: '1' });
  xds.put('n', ENDPOINTS, { a: '1' });
  const client = xds.connect();
  client.hello('n', CLUSTER.typeUrl, []);
  const clusters = await client.next();
  client.subscribe(ENDPOINTS.typeUrl, ['a']);
  const endpoints = await client.next();
  client.nack(clusters, 'no');
  client.ack(endpoints);
  await xds.logged('acked EDS');
  xds.put('n', ENDPOINTS, { a: '2' });
  expect([...(await client.next()).resources]).toEqual([['a', '2']]);
});

test('rules 17 and 55: an answer may change the subscription, whether it accepts or refuses', async () => {
  const xds = await start();
  xds.put('n', ENDPOINTS, { a: '1', b: '1', c: '1' });
  const client = xds.connect();
  client.hello('n', ENDPOINTS.typeUrl, ['a']);
  client.nack(await client.next(), 'no', { resource_names_subscribe: ['b'] });
  const second = await client.next();
  expect([...second.resources.keys()]).toEqual(['b']);
  client.ack(second, { resource_names_subscribe: ['c'], resource_names_unsubscribe: ['a'] });
  expect([...(await client.next()).resources.keys()]).toEqual(['c']);
  xds.put('n', ENDPOINTS, { a: '2', b: '1', c: '2' });
  expect([...(await client.next()).resources.keys()]).toEqual(['c']);
});

test('rules 6 and 54: a nonce of another stream makes nothing fail, and is no answer', async () => {
  const xds = await start();
  xds.put('n', ENDPOINTS, { a: '1', b: '1' });
  const client = xds.connect();
  client.hello('n', ENDPOINTS.typeUrl, ['a'], { response_nonce: 'of-an-earlier-stream' });
  expect([...(await client.next()).resources.keys()]).toEqual(['a']);
  client.send({ type_url: ENDPOINTS.typeUrl, response_nonce: 'stale', resource_names_subscribe: ['b'] });
  expect([...(await client.next()).resources.keys()]).toEqual(['b']);
  expect(xds.log.filter((entry) => entry.startsWith('acked'))).toEqual([]);
});

test('rules 8 and 41: what was sent is told with its versions, each name once', async () => {
  const sent: SentEvent[] = [];
  const xds = await start({ events: { sent: (_, event) => sent.push(event) } });
  xds.put('n', ENDPOINTS, { a: '1' });
  const client = xds.connect();
  client.hello('n', ENDPOINTS.typeUrl, ['a', 'a', 'b', 'b']);
  const response = await client.next();
  expect(response.raw.resources).toHaveLength(1);
  expect(sent).toEqual([
    { typeUrl: ENDPOINTS.typeUrl, nonce: response.nonce, versions: new Map([['a', '1']]), removed: ['b'] },
  ]);
});

test('a receiver of events that fails harms no stream', async () => {
  const fails = () => {
    throw new Error('broken receiver');
  };
  const xds = await start({ events: { connected: fails, sent: fails, acked: fails } });
  xds.put('n', CLUSTER, { a: '1' });
  const client = xds.connect();
  client.hello('n', CLUSTER.typeUrl, []);
  client.ack(await client.next());
  await xds.logged('acked CDS');
  xds.put('n', CLUSTER, { a: '2' });
  expect((await client.next()).resources.size).toBe(1);
});
