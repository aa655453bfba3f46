import { Metadata, status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { xdsFixture } from '../../test/support/xds-fixture.ts';
import { CLUSTER } from '../proto/resource-types.ts';
import type { AuthenticationAttempt, Authenticator, StreamInfo } from './events.ts';

const start = xdsFixture();

test('a stream is served only after the authenticator said yes', async () => {
  const attempts: AuthenticationAttempt[] = [];
  let decide = () => {};
  const authenticate: Authenticator = async (attempt) => {
    attempts.push(attempt);
    await new Promise<void>((resolve) => {
      decide = resolve;
    });
    return { ok: true, subject: 'a subject' };
  };
  const admitted: StreamInfo[] = [];
  const xds = await start({ authenticate, events: { connected: (stream) => admitted.push(stream) } });
  xds.put('n', CLUSTER, { a: '1' });
  const metadata = new Metadata();
  metadata.set('authorization', 'Bearer token');
  const client = xds.connect({ metadata });
  client.hello('n', CLUSTER.typeUrl, []);
  client.subscribe(CLUSTER.typeUrl, ['a']);
  await expect.poll(() => attempts.length).toBe(1);
  expect(attempts[0]).toMatchObject({ nodeId: 'n', peerAddress: '127.0.0.1', node: { id: 'n' } });
  expect(attempts[0]?.metadata.get('authorization')).toEqual(['Bearer token']);
  expect([xds.server.streams(), xds.cache.counts().watched]).toEqual([[], 0]);
  decide();
  expect((await client.next()).resources.size).toBe(1);
  expect((await client.next()).resources.size).toBe(1);
  expect(admitted[0]).toMatchObject({ nodeId: 'n', peerAddress: '127.0.0.1', subject: 'a subject' });
});

test('a refused peer learns only that it was refused, the owner learns why', async () => {
  const authenticate: Authenticator = async () => ({ ok: false, why: 'token expired on Monday' });
  const xds = await start({ authenticate });
  xds.put('n', CLUSTER, { a: '1' });
  const client = xds.connect();
  client.hello('n', CLUSTER.typeUrl, []);
  const { code, details } = await client.ended();
  expect([code, details]).toEqual([status.UNAUTHENTICATED, 'not authenticated']);
  expect(xds.log).toEqual(['refused n: token expired on Monday']);
  expect([client.pending(), xds.server.streams()]).toEqual([[], []]);
});

test('an authenticator that fails has not said yes', async () => {
  const authenticate: Authenticator = () => Promise.reject(new Error('the database is gone'));
  const xds = await start({ authenticate });
  const client = xds.connect();
  client.hello('n', CLUSTER.typeUrl, []);
  expect((await client.ended()).code).toBe(status.UNAUTHENTICATED);
  expect(xds.log).toEqual(['refused n: the authenticator failed: the database is gone']);
});

test('a peer that leaves while it is being authenticated was never there', async () => {
  const waiting = new Map<string, () => void>();
  const authenticate: Authenticator = ({ nodeId }) =>
    new Promise((resolve) => waiting.set(nodeId, () => resolve({ ok: true, subject: undefined })));
  const xds = await start({ authenticate });
  const leaving = xds.connect();
  leaving.hello('leaving', CLUSTER.typeUrl, []);
  await expect.poll(() => waiting.has('leaving')).toBe(true);
  leaving.cancel();
  leaving.another().hello('staying', CLUSTER.typeUrl, []);
  await expect.poll(() => waiting.has('staying')).toBe(true);
  waiting.get('leaving')?.();
  waiting.get('staying')?.();
  await xds.logged('connected staying');
  expect(xds.log).toEqual(['connected staying', 'subscribed CDS']);
  expect(xds.cache.counts().watched).toBe(1);
});

test.each([
  ['without a node', {}, status.INVALID_ARGUMENT],
  ['with an empty node id', { node: { id: '' } }, status.INVALID_ARGUMENT],
  ['with an endless node id', { node: { id: 'n'.repeat(257) } }, status.RESOURCE_EXHAUSTED],
  ['with a bloated node', { node: { id: 'n', cluster: 'c'.repeat(70_000) } }, status.RESOURCE_EXHAUSTED],
])('rule 4: a first request %s ends the stream', async (_, request, code) => {
  const xds = await start();
  const client = xds.connect();
  client.send({ type_url: CLUSTER.typeUrl, ...request });
  expect((await client.ended()).code).toBe(code);
});

test('rule 4: later requests need no node, and one that differs is ignored', async () => {
  const xds = await start();
  xds.put('n', CLUSTER, { a: '1' });
  xds.put('other', CLUSTER, { secret: '1' });
  const client = xds.connect();
  client.hello('n', CLUSTER.typeUrl, ['a']);
  await client.next();
  client.hello('other', CLUSTER.typeUrl, ['*']);
  expect([...(await client.next()).resources.keys()]).toEqual(['a']);
  expect(xds.server.streams().map(({ nodeId }) => nodeId)).toEqual(['n']);
});

test('the long list of extensions of an Envoy is not kept', async () => {
  const xds = await start();
  xds.put('n', CLUSTER, { a: '1' });
  const client = xds.connect();
  const extensions = Array.from({ length: 1_000 }, (_, i) => ({ name: `envoy.extension.${i}`.repeat(9) }));
  client.send({ node: { id: 'n', extensions }, type_url: CLUSTER.typeUrl });
  await client.next();
  expect(xds.server.streams()[0]?.node.extensions).toEqual([]);
});

test('a stream on which nothing is asked does not stay open', async () => {
  const clock = new FakeClock();
  const xds = await start({ clock, limits: { admissionTimeoutMs: 10_000 } });
  const silent = xds.connect();
  await clock.timerSet();
  clock.advance(10_000);
  expect((await silent.ended()).code).toBe(status.DEADLINE_EXCEEDED);
  const talking = xds.connect();
  talking.hello('n', CLUSTER.typeUrl, []);
  await xds.logged('connected n');
  clock.advance(60_000);
  expect(xds.server.streams()).toHaveLength(1);
});
