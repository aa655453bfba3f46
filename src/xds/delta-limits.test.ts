import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import type { DeltaClient } from '../../test/support/delta-client.ts';
import { xdsFixture } from '../../test/support/xds-fixture.ts';
import type { XdsUnderTest } from '../../test/support/xds-under-test.ts';
import { encode } from '../proto/descriptors.ts';
import { CLUSTER, ENDPOINTS } from '../proto/resource-types.ts';
import { createResource, resourceSetOf } from './resource.ts';

const start = xdsFixture();

const names = (count: number) => Array.from({ length: count }, (_, i) => `name-${i}`);

/** A client that behaves and has been served, to see whether it still is afterwards. */
async function bystander(xds: XdsUnderTest): Promise<() => Promise<void>> {
  xds.put('bystander', CLUSTER, { a: '1' });
  const client = xds.connect();
  client.hello('bystander', CLUSTER.typeUrl, []);
  await client.next();
  return async () => {
    xds.put('bystander', CLUSTER, { a: '2' });
    expect((await client.next()).resources.get('a')).toBe('2');
  };
}

test.each<[string, status, (client: DeltaClient) => void]>([
  ['bytes that are no message', status.INTERNAL, (client) => client.sendBytes(Buffer.alloc(100, 0xff))],
  [
    'an absurd name',
    status.RESOURCE_EXHAUSTED,
    (client) => client.subscribe(CLUSTER.typeUrl, ['x'.repeat(2_000)]),
  ],
  [
    'a type URL without end',
    status.RESOURCE_EXHAUSTED,
    (client) => client.subscribe('t'.repeat(2_000), ['x']),
  ],
  [
    'too many names at once',
    status.RESOURCE_EXHAUSTED,
    (client) => client.subscribe(CLUSTER.typeUrl, names(101)),
  ],
  [
    'too many names in a row',
    status.RESOURCE_EXHAUSTED,
    (client) =>
      names(101).forEach((name) => {
        client.subscribe(ENDPOINTS.typeUrl, [name]);
      }),
  ],
  [
    'too many types',
    status.RESOURCE_EXHAUSTED,
    (client) =>
      names(33).forEach((name) => {
        client.subscribe(name, ['x']);
      }),
  ],
  [
    'more held than there can be',
    status.RESOURCE_EXHAUSTED,
    (client) =>
      client.send({
        type_url: ENDPOINTS.typeUrl,
        initial_resource_versions: Object.fromEntries(names(101).map((name) => [name, '1'])),
      }),
  ],
  [
    'a request over the size limit',
    status.RESOURCE_EXHAUSTED,
    (client) => client.subscribe(CLUSTER.typeUrl, names(200_000)),
  ],
])('rule 91: %s ends that stream and no other', async (_, code, misbehave) => {
  const xds = await start({ limits: { maxNamesPerType: 100, maxRequestBytes: 1024 * 1024 } });
  const isServed = await bystander(xds);
  xds.put('n', CLUSTER, { a: '1' });
  const client = xds.connect();
  client.hello('n', CLUSTER.typeUrl, []);
  await client.next();
  misbehave(client);
  expect((await client.ended()).code).toBe(code);
  await isServed();
  expect(xds.server.streams().map(({ nodeId }) => nodeId)).toEqual(['bystander']);
});

test.each(['', '\0', '__proto__', 'constructor', '💥', 'a\nb', '*'])(
  'rule 91: the name %j is a name like any other',
  async (name) => {
    const xds = await start();
    xds.put('n', ENDPOINTS, Object.fromEntries([['other', '1']]));
    const client = xds.connect();
    client.hello('n', ENDPOINTS.typeUrl, ['other', ...(name === '*' ? [] : [name])], {
      initial_resource_versions: Object.fromEntries([[name, '1']]),
    });
    const answer = await client.next();
    expect([...answer.resources.keys()]).toEqual(['other']);
    expect(answer.removed).toEqual(name === '*' ? [] : [name]);
  },
);

test('rule 92: a slow reader costs no queue and has the latest state at the end', async () => {
  const xds = await start();
  const versions = 500;
  const set = (version: number) => {
    const bytes = encode(CLUSTER.message, { name: 'big', alt_stat_name: `${version}`.padEnd(100_000, '.') });
    xds.cache.set('n', resourceSetOf([createResource(CLUSTER.typeUrl, 'big', bytes, `${version}`)]));
  };
  set(0);
  const slow = xds.connect();
  slow.hello('n', CLUSTER.typeUrl, []);
  await slow.next();
  slow.pause();
  const quick = xds.connect();
  quick.hello('n', CLUSTER.typeUrl, []);
  await quick.next();
  for (let version = 1; version <= versions; version += 1) {
    set(version);
    // Lets everybody who reads have each version.
    for (let seen = ''; seen !== `${version}`; ) seen = (await quick.next()).resources.get('big') ?? '';
  }
  const sent = () => xds.log.filter((entry) => entry.startsWith('sent')).length - (versions + 1);
  expect(sent()).toBeLessThan(versions / 10);
  slow.resume();
  let last = '';
  let received = 1;
  for (; last !== `${versions}`; received += 1) last = (await slow.next()).resources.get('big') ?? '';
  expect(received).toBe(sent());
  expect(slow.pending()).toEqual([]);
});

test('rule 94: changes that overtake each other lose nothing', async () => {
  const xds = await start();
  const client = xds.connect();
  client.hello('n', CLUSTER.typeUrl, []);
  await xds.logged('connected n');
  for (let version = 1; version <= 1_000; version += 1) xds.put('n', CLUSTER, { a: `${version}` });
  let last = '';
  while (last !== '1000') last = (await client.next()).resources.get('a') ?? '';
  expect(client.pending()).toEqual([]);
});
