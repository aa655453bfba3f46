import { expect, test } from 'vitest';
import { xdsFixture } from '../../test/support/xds-fixture.ts';
import { blank } from '../../test/support/xds-under-test.ts';
import { encode } from '../proto/descriptors.ts';
import { CLUSTER, ENDPOINTS, LISTENER, ROUTE, resourceTypeOf, SECRET } from '../proto/resource-types.ts';
import { createResource, resourceSetOf } from './resource.ts';

const start = xdsFixture();
const TYPES = [ROUTE, LISTENER, CLUSTER, ENDPOINTS, SECRET];
const everything = (...resources: [name: string, version: string][]) =>
  resourceSetOf(TYPES.flatMap((type) => resources.map(([name, version]) => blank(type, name, version))));

test('rule 67: what is referred to comes before what refers to it, and goes after it', async () => {
  const xds = await start();
  xds.cache.set('n', everything(['x', '1'], ['y', '1']));
  const client = xds.connect();
  for (const type of TYPES) client.hello('n', type.typeUrl, ['x', 'y']);
  for (const _ of TYPES) await client.next();
  xds.cache.set('n', everything(['y', '2']));
  const order: string[] = [];
  for (const _ of [...TYPES, ...TYPES]) {
    const { typeUrl, resources } = await client.next();
    order.push(`${resources.size > 0 ? 'add' : 'remove'} ${resourceTypeOf(typeUrl)?.api}`);
  }
  expect(order).toEqual([
    ...['add CDS', 'add EDS', 'add SDS', 'add LDS', 'add RDS'],
    ...['remove LDS', 'remove RDS', 'remove CDS', 'remove EDS', 'remove SDS'],
  ]);
});

test('rule 39: endpoints follow a cluster that changed, although they did not', async () => {
  const xds = await start();
  const cluster = (seconds: number) =>
    createResource(
      CLUSTER.typeUrl,
      'c',
      encode(CLUSTER.message, {
        name: 'c',
        type: 'EDS',
        connect_timeout: { seconds },
        eds_cluster_config: { service_name: 's' },
      }),
    );
  const endpoints = [blank(ENDPOINTS, 's', '1'), blank(ENDPOINTS, 'other', '1')];
  xds.cache.set('n', resourceSetOf([cluster(1), ...endpoints]));
  const client = xds.connect();
  client.hello('n', CLUSTER.typeUrl, []);
  await client.next();
  client.subscribe(ENDPOINTS.typeUrl, ['s', 'other']);
  await client.next();
  xds.cache.set('n', resourceSetOf([cluster(2), ...endpoints]));
  expect((await client.next()).typeUrl).toBe(CLUSTER.typeUrl);
  expect([...(await client.next()).resources]).toEqual([['s', '1']]);
});

test('rule 70: a type that nobody asked for holds up nothing', async () => {
  const xds = await start();
  xds.cache.set('n', everything(['x', '1']));
  const client = xds.connect();
  client.hello('n', ROUTE.typeUrl, ['x']);
  expect((await client.next()).typeUrl).toBe(ROUTE.typeUrl);
});
