import { afterEach, describe, expect, it } from 'vitest';
import {
  type AdminUnderTest,
  type AdminUnderTestOptions,
  MADE_TOKEN,
  startAdmin,
} from '../../test/support/admin-under-test.ts';
import { startAdminServer } from './server.ts';

const started: AdminUnderTest[] = [];

afterEach(async () => {
  for (const { server } of started.splice(0)) await server.close();
});

async function start(options?: AdminUnderTestOptions): Promise<AdminUnderTest> {
  const admin = await startAdmin(options);
  started.push(admin);
  return admin;
}

describe('the API of a running server', () => {
  it('answers health without a token, and says when it is not ready', async () => {
    const ready = await (await start()).ask('GET', '/health', { isAnonymous: true });
    expect(ready).toMatchObject({ status: 200, json: { ready: true } });
    const not = await start({ backend: { ready: () => false } });
    expect(await not.ask('GET', '/health', { isAnonymous: true })).toMatchObject({ status: 503 });
  });

  it.each([
    ['/status', { proxies: [], isFrozen: false }],
    ['/document', { path: 'mesh.yaml' }],
    ['/tokens', { tokens: [{ jti: 'j1', state: 'good' }] }],
    ['/events', { events: [], newest: 0 }],
    ['/openapi.json', { openapi: '3.1.0' }],
  ])('answers GET %s', async (path, json) => {
    expect(await (await start()).ask('GET', path)).toMatchObject({ status: 200, json });
  });

  it('answers whether a call is allowed', async () => {
    const admin = await start();
    const body = { from: 'orders', to: 'payments', method: 'GET', path: '/', headers: { 'X-A': '1' } };
    expect(await admin.ask('POST', '/can', { body })).toMatchObject({
      status: 200,
      json: { verdict: 'deny' },
    });
    expect(admin.done).toEqual([`can ${JSON.stringify(body)}`]);
  });

  it('says what makes no sense as an error with a hint', async () => {
    const can = () => ({ ok: false, error: 'no service "oders"', hint: 'did you mean "orders"?' }) as const;
    const admin = await start({ backend: { can } });
    expect(await admin.ask('POST', '/can', { body: { from: 'oders', to: 'b' } })).toMatchObject({
      status: 422,
      json: { error: 'no service "oders"', hint: 'did you mean "orders"?' },
    });
  });

  it('makes a token and revokes it, in the name of who asked', async () => {
    const admin = await start();
    const body = { service: 'orders', label: 'ci', ttl: '30s' };
    expect(await admin.ask('POST', '/tokens', { body })).toMatchObject({
      status: 201,
      json: { token: MADE_TOKEN },
    });
    expect(await admin.ask('DELETE', '/tokens/j1')).toMatchObject({
      status: 200,
      json: { nodes: ['orders/1'] },
    });
    expect(await admin.ask('DELETE', '/tokens/j2')).toMatchObject({ status: 404 });
    expect(admin.done).toEqual([
      `create ${JSON.stringify(body)} by api:127.0.0.1`,
      'revoke j1 by api:127.0.0.1',
      'revoke j2 by api:127.0.0.1',
    ]);
  });

  it('says who holds a port that is in use', async () => {
    const { port, server: _, ...rest } = await start();
    const second = startAdminServer({
      ...{ host: '127.0.0.1', port, token: '', clock: rest.clock },
      ...{ logger: { debug() {}, info() {}, warn() {}, error() {} }, backend: {} as never },
    });
    await expect(second).rejects.toThrow(
      `the API cannot listen on 127.0.0.1:${port}: another process listens there`,
    );
  });
});

describe('events', () => {
  const joined = (node: string) => ({ kind: 'joined', node, peerAddress: '10.0.0.5', jti: 'j' }) as const;

  it('are told from the last one that is known', async () => {
    const admin = await start();
    for (const node of ['a/1', 'b/1', 'c/1']) admin.events.record(joined(node));
    const { json } = await admin.ask('GET', '/events?after=1');
    expect(json).toMatchObject({
      newest: 3,
      events: [
        { seq: 2, node: 'b/1' },
        { seq: 3, node: 'c/1' },
      ],
    });
    expect((await admin.ask('GET', '/events?after=1000')).json).toMatchObject({ events: { length: 3 } });
    expect(await admin.ask('GET', '/events?after=-1')).toMatchObject({ status: 400 });
    expect(await admin.ask('GET', '/events?since=1')).toMatchObject({ status: 400 });
  });

  it('come as they happen to who asks for a stream, also to one that comes back', async () => {
    const admin = await start();
    admin.events.record(joined('a/1'));
    admin.events.record(joined('b/1'));
    const socket = admin.open();
    let told = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      told += chunk;
    });
    const headers = [`host: 127.0.0.1:${admin.port}`, 'authorization: Bearer a-token-for-this-test'];
    const stream = ['accept: text/event-stream', 'last-event-id: 1'];
    socket.write(`GET /events HTTP/1.1\r\n${[...headers, ...stream].join('\r\n')}\r\n\r\n`);
    await expect.poll(() => told).toContain('id: 2\nevent: joined\ndata: {"seq":2,');
    expect(told).not.toContain('id: 1\n');
    admin.events.record(joined('c/1'));
    await expect.poll(() => told).toContain('"node":"c/1"');
    admin.clock.advance(15_000);
    await expect.poll(() => told).toContain('\n:\n\n');
    socket.destroy();
    await expect.poll(() => admin.clock.pendingTimers).toBe(0);
  });

  it('are streamed to a few readers, and to none that does not read', async () => {
    const admin = await start({ limits: { maxEventStreams: 1, maxUnreadBytes: 1_000 } });
    const socket = admin.open();
    const headers = [`host: 127.0.0.1:${admin.port}`, 'authorization: Bearer a-token-for-this-test'];
    socket.write(`GET /events HTTP/1.1\r\n${headers.join('\r\n')}\r\naccept: text/event-stream\r\n\r\n`);
    await expect.poll(() => admin.clock.pendingTimers).toBe(1);
    socket.pause();
    const accept = { accept: 'text/event-stream' };
    expect(await admin.ask('GET', '/events', { headers: accept })).toMatchObject({ status: 503 });
    const why = 'x'.repeat(100_000);
    for (let n = 0; n < 200; n += 1) admin.events.record({ kind: 'left', node: 'a/1', why });
    await expect.poll(() => admin.clock.pendingTimers).toBe(0);
    socket.destroy();
  });
});
