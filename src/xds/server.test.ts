import { ChannelCredentials, ServerCredentials, status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { selfSigned } from '../../test/support/self-signed.ts';
import { xdsFixture } from '../../test/support/xds-fixture.ts';
import { CLUSTER, ENDPOINTS, type ResourceType } from '../proto/resource-types.ts';
import { DISCOVERY_SERVICES } from './services.ts';

const start = xdsFixture();

test('rule 1: every type has a service of its own, on which the type URL may be left out', async () => {
  const xds = await start();
  for (const { service, delta, type } of DISCOVERY_SERVICES) {
    if (!type) continue;
    xds.put(type.api, type, { a: '1' });
    const client = xds.connect({ service, method: delta });
    client.send({ node: { id: type.api }, resource_names_subscribe: ['a'] });
    const response = await client.next();
    expect([response.typeUrl, [...response.resources.keys()]]).toEqual([type.typeUrl, ['a']]);
  }
});

test('a service of one type refuses another', async () => {
  const xds = await start();
  const client = xds.connect({
    service: 'envoy.service.cluster.v3.ClusterDiscoveryService',
    method: 'DeltaClusters',
  });
  client.hello('n', ENDPOINTS.typeUrl, ['a']);
  expect((await client.ended()).code).toBe(status.INVALID_ARGUMENT);
});

test('rule 3: an aggregated request without a type URL ends the stream', async () => {
  const xds = await start();
  const client = xds.connect();
  client.send({ node: { id: 'n' } });
  expect((await client.ended()).code).toBe(status.INVALID_ARGUMENT);
});

test('rule 12: a client that has finished is finished with', async () => {
  const xds = await start();
  xds.put('n', CLUSTER, { a: '1' });
  const client = xds.connect();
  client.hello('n', CLUSTER.typeUrl, []);
  await client.next();
  client.halfClose();
  expect((await client.ended()).code).toBe(status.OK);
  expect(xds.log.at(-1)).toBe('disconnected n: the client left');
});

test('rule 90: a stream that is cut off leaves nothing behind', async () => {
  const xds = await start();
  xds.put('n', CLUSTER, { a: '1' });
  const clients = Array.from({ length: 20 }, () => xds.connect());
  for (const client of clients) client.hello('n', CLUSTER.typeUrl, []);
  await Promise.all(clients.map((client) => client.next()));
  expect([xds.server.streams().length, xds.cache.counts().watched]).toEqual([20, 1]);
  for (const client of clients) client.cancel();
  await expect.poll(() => xds.server.streams().length).toBe(0);
  expect(xds.cache.counts().watched).toBe(0);
  expect(xds.log.filter((entry) => entry === 'disconnected n: the client left')).toHaveLength(20);
});

test('rule 93: two streams of one node are each told, in their own state', async () => {
  const xds = await start();
  xds.put('n', CLUSTER, { a: '1', b: '1' });
  const [one, two] = [xds.connect(), xds.connect()];
  one.hello('n', CLUSTER.typeUrl, ['a']);
  two.hello('n', CLUSTER.typeUrl, []);
  await Promise.all([one.next(), two.next()]);
  xds.put('n', CLUSTER, { a: '2', b: '2' });
  expect([...(await one.next()).resources.keys()]).toEqual(['a']);
  expect([...(await two.next()).resources.keys()]).toEqual(['a', 'b']);
});

test('the streams that are picked are ended, and the peer is not told why', async () => {
  const xds = await start();
  const [bad, good] = [xds.connect(), xds.connect()];
  bad.hello('bad', CLUSTER.typeUrl, []);
  good.hello('good', CLUSTER.typeUrl, []);
  await Promise.all([xds.logged('connected bad'), xds.logged('connected good')]);
  expect(xds.server.endStreams(({ nodeId }) => nodeId === 'bad', 'its token was revoked')).toBe(1);
  expect((await bad.ended()).details).toBe('ended by the control plane');
  expect(xds.log).toContain('disconnected bad: its token was revoked');
  xds.put('bad', CLUSTER, { a: '1' });
  xds.put('good', CLUSTER, { a: '1' });
  expect((await good.next()).resources.size).toBe(1);
  expect(bad.pending()).toEqual([]);
});

test('a receiver of events may end the very stream that it hears of', async () => {
  const types: ResourceType[] = [CLUSTER, ENDPOINTS];
  const xds = await start({ events: { sent: () => xds.server.endStreams(() => true, 'enough') } });
  for (const type of types) xds.put('n', type, { a: '1' });
  const client = xds.connect();
  for (const type of types) client.hello('n', type.typeUrl, ['a']);
  expect((await client.ended()).code).toBe(status.ABORTED);
  expect(xds.server.streams()).toEqual([]);
});

test('it serves over TLS', async () => {
  const { certificate, key } = await selfSigned();
  const credentials = ServerCredentials.createSsl(null, [{ cert_chain: certificate, private_key: key }]);
  const xds = await start({ credentials });
  xds.put('n', CLUSTER, { a: '1' });
  const client = xds.connect({ credentials: ChannelCredentials.createSsl(certificate) });
  client.hello('n', CLUSTER.typeUrl, []);
  expect((await client.next()).resources.size).toBe(1);
});

test('a port that is in use is an error that names the address', async () => {
  const [xds, other] = [await start(), await start()];
  const address = { host: '127.0.0.1', port: xds.port, credentials: ServerCredentials.createInsecure() };
  await expect(other.server.listen(address)).rejects.toMatchObject({
    code: 'ERR_LISTEN',
    message: expect.stringContaining(`127.0.0.1:${xds.port}`),
  });
});

test('closing ends the streams and then answers nobody', async () => {
  const xds = await start();
  const client = xds.connect();
  client.hello('n', CLUSTER.typeUrl, []);
  await xds.logged('connected n');
  await xds.server.close(2_000);
  expect((await client.ended()).code).toBe(status.UNAVAILABLE);
  expect(xds.log.at(-1)).toBe('disconnected n: the control plane is shutting down');
  const late = xds.connect();
  late.hello('n', CLUSTER.typeUrl, []);
  expect((await late.ended()).code).toBe(status.UNAVAILABLE);
});
