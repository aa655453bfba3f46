/** What somebody might send to the API who may not, or who means ill: each is refused, and nothing secret is told. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ADMIN_TOKEN,
  type AdminUnderTest,
  MADE_TOKEN,
  startAdmin,
} from '../../test/support/admin-under-test.ts';

let admin: AdminUnderTest;

beforeEach(async () => {
  admin = await startAdmin({ limits: { headersTimeoutMs: 1_000, maxBodyBytes: 1_024 } });
});

afterEach(async () => {
  const said = admin.log.join('\n');
  await admin.server.close();
  expect(said).not.toContain(ADMIN_TOKEN);
  expect(said).not.toContain(MADE_TOKEN);
});

const head = (line: string, ...headers: string[]) =>
  `${[line, `host: 127.0.0.1:${admin.port}`, `authorization: Bearer ${ADMIN_TOKEN}`, ...headers].join('\r\n')}\r\n\r\n`;

describe('without the token', () => {
  const TARGETS = [
    ['GET', '/status'],
    ['GET', '/document'],
    ['GET', '/tokens'],
    ['POST', '/tokens'],
    ['DELETE', '/tokens/j1'],
    ['POST', '/can'],
    ['GET', '/events'],
    ['GET', '/openapi.json'],
    ['GET', '/nothing'],
  ] as const;

  it.each(TARGETS)('%s %s is refused, and nothing is done', async (method, path) => {
    const told = await admin.ask(method, path, { isAnonymous: true });
    expect(told).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
    expect(admin.done).toEqual([]);
  });

  it.each([
    ['a wrong one', { authorization: 'Bearer wrong' }],
    ['one that begins well', { authorization: `Bearer ${ADMIN_TOKEN}x` }],
    ['another scheme', { authorization: `Basic ${ADMIN_TOKEN}` }],
    ['an empty one', { authorization: 'Bearer ' }],
    ['it in another header', { 'x-authorization': `Bearer ${ADMIN_TOKEN}`, cookie: `token=${ADMIN_TOKEN}` }],
  ])('but with %s it is refused', async (_, headers) => {
    expect(await admin.ask('GET', '/status', { isAnonymous: true, headers })).toMatchObject({ status: 401 });
  });

  it.each(['token', 'access_token', 'authorization'])('but with ?%s= it is refused', async (name) => {
    const told = await admin.ask('GET', `/status?${name}=${ADMIN_TOKEN}`, { isAnonymous: true });
    expect(told.status).toBe(401);
    expect(told.text).not.toContain(ADMIN_TOKEN);
  });

  it('a flood of tries is refused, and logged a few times', async () => {
    for (let n = 0; n < 100; n += 1) await admin.ask('GET', '/status', { isAnonymous: true });
    expect(admin.log.filter((line) => line.includes('refused a request'))).toHaveLength(20);
  });
});

describe('another Host', () => {
  it.each([
    'rebound.example',
    'rebound.example:80',
    '127.0.0.1',
    '127.0.0.1.rebound.example',
    'localhost.',
    '0.0.0.0',
  ])('%o is refused, also for health and with the token', async (host) => {
    const headers = { host };
    expect(await admin.ask('GET', '/status', { headers })).toMatchObject({ status: 421 });
    expect(await admin.ask('GET', '/health', { headers, isAnonymous: true })).toMatchObject({ status: 421 });
  });

  it('or none is refused', async () => {
    expect(await admin.raw('GET /health HTTP/1.1\r\nconnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await admin.raw('GET /health HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 421 /);
  });

  it('beside ours is no request at all', async () => {
    const two = head('GET /status HTTP/1.1', 'host: rebound.example', 'connection: close');
    expect(await admin.raw(two)).toMatch(/^HTTP\/1\.1 4(?:00|21) /);
  });
});

describe('a path', () => {
  it.each([
    '//status',
    '/status/',
    '/./status',
    '/x/../status',
    '/STATUS',
    '/%73tatus',
    '/status%00',
    '/status;x=1',
    '/status#',
    '/health/../status',
    '/tokens/',
    '/tokens/j1/',
    '/tokens/..',
    '/tokens/%2e%2e',
    '/tokens/j1%2f',
    '/__proto__',
    '/constructor',
    `/${'x'.repeat(8_000)}`,
  ])('%s names nothing', async (path) => {
    const answer = await admin.raw(head(`GET ${path} HTTP/1.1`, 'connection: close'));
    expect(answer).toMatch(/^HTTP\/1\.1 4(?:04|05) /);
  });

  it('in absolute form names nothing, whatever its Host', async () => {
    const url = `http://127.0.0.1:${admin.port}/status`;
    expect(await admin.raw(head(`GET ${url} HTTP/1.1`, 'connection: close'))).toMatch(/^HTTP\/1\.1 404 /);
  });

  it('is public in no spelling but its own', async () => {
    for (const path of ['/health/', '//health', '/health%2f..%2fstatus', '/healthx']) {
      expect(await admin.ask('GET', path, { isAnonymous: true })).toMatchObject({ status: 401 });
    }
  });
});

describe('a method', () => {
  it.each([
    ['POST', '/status', 'GET'],
    ['PUT', '/tokens', 'GET, POST'],
    ['GET', '/tokens/j1', 'DELETE'],
    ['OPTIONS', '/tokens', 'GET, POST'],
    ['TRACE', '/health', 'GET'],
  ])('%s %s is refused with those that are taken', async (method, path, allow) => {
    expect(await admin.ask(method, path)).toMatchObject({ status: 405, headers: { allow } });
  });

  it.each(['x-http-method-override', 'x-http-method', 'x-method-override'])(
    'is not overridden by %s',
    async (name) => {
      expect(await admin.ask('GET', '/tokens', { headers: { [name]: 'POST' } })).toMatchObject({
        status: 200,
      });
      expect(await admin.ask('GET', '/tokens/j1', { headers: { [name]: 'DELETE' } })).toMatchObject({
        status: 405,
      });
      expect(await admin.ask('GET', '/tokens?_method=POST')).toMatchObject({ status: 200 });
      expect(admin.done).toEqual([]);
    },
  );
});

describe('a body', () => {
  it.each([
    ['that is no JSON', '{"service": "orders", token: eyJsecret', 400],
    ['that is no object', '["orders"]', 400],
    ['that is nothing', '', 400],
    ['with a member too many', '{"service":"orders","admin":true}', 400],
    ['with a prototype', '{"service":"orders","__proto__":{"admin":true}}', 400],
    ['with a constructor', '{"service":"orders","constructor":{"prototype":{}}}', 400],
    ['with a list for a name', '{"service":["orders"]}', 400],
    ['with a life of nothing', '{"service":"orders","ttl":"0s"}', 400],
    ['that is too long', JSON.stringify({ service: 'x'.repeat(2_000) }), 413],
    ['nested without end', `{"service":${'['.repeat(500)}`, 400],
  ])('%s is refused, and not repeated', async (_, body, status) => {
    const told = await admin.ask('POST', '/tokens', { body });
    expect(told).toMatchObject({ status, json: { error: expect.any(String) } });
    expect(told.text).not.toContain('eyJsecret');
    expect(admin.done).toEqual([]);
  });

  it('with prototype keys as headers is refused', async () => {
    const body = '{"from":"a","to":"b","headers":{"__proto__":"x"}}';
    expect(await admin.ask('POST', '/can', { body })).toMatchObject({ status: 400 });
    expect(({} as { x?: string }).x).toBeUndefined();
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', ''])(
    'of type %o is refused: no form of a web page gets through',
    async (type) => {
      const told = await admin.ask('POST', '/tokens', {
        body: { service: 'orders' },
        headers: { 'content-type': type },
      });
      expect(told).toMatchObject({ status: 415 });
    },
  );

  it('that is compressed is refused', async () => {
    const headers = { 'content-encoding': 'gzip' };
    expect(await admin.ask('POST', '/tokens', { body: 'x', headers })).toMatchObject({ status: 415 });
  });

  it('without a length is read no further than the limit', async () => {
    const chunk = `400\r\n${'x'.repeat(1_024)}\r\n`;
    const type = ['content-type: application/json', 'transfer-encoding: chunked'];
    const answer = await admin.raw(head('POST /tokens HTTP/1.1', ...type) + chunk + chunk);
    expect(answer).toMatch(/^HTTP\/1\.1 413 [\s\S]*connection: close/i);
  });

  it('that comes drop by drop is not waited for', async () => {
    const type = ['content-type: application/json', 'content-length: 100'];
    const answer = admin.raw(`${head('POST /tokens HTTP/1.1', ...type)}{"serv`);
    await admin.clock.timerSet();
    admin.clock.advance(5_000);
    expect(await answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('is not needed, and not read, for what takes none', async () => {
    const answer = await admin.raw(head('GET /status HTTP/1.1', 'content-length: 1000000'));
    expect(answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*connection: close/i);
  });

  it('cannot hide a second request from who looks at lengths', async () => {
    const smuggled = head('DELETE /tokens/j1 HTTP/1.1');
    const both = ['content-type: application/json', 'content-length: 2', 'transfer-encoding: chunked'];
    expect(await admin.raw(head('POST /can HTTP/1.1', ...both) + smuggled)).toMatch(/^HTTP\/1\.1 400 /);
    expect(admin.done).toEqual([]);
  });
});

describe('a crowd', () => {
  it('of 1,000 connections that say nothing is cut off, and others are served again', async () => {
    const sockets = Array.from({ length: 1_000 }, () => admin.open());
    let closed = 0;
    for (const socket of sockets) {
      socket.on('error', () => {}); // a reset is what it is meant to get
      socket.on('close', () => {
        closed += 1;
      });
      socket.resume();
    }
    await expect.poll(() => closed, { timeout: 10_000 }).toBe(1_000);
    expect(await admin.ask('GET', '/health', { isAnonymous: true })).toMatchObject({ status: 200 });
  });
});

describe('what is secret', () => {
  it('is told in one place: the token, to who made it', async () => {
    const told = [];
    for (const [method, path] of [
      ['GET', '/status'],
      ['GET', '/tokens'],
      ['GET', '/document'],
      ['GET', '/events'],
      ['GET', '/openapi.json'],
      ['DELETE', '/tokens/j1'],
    ] as const) {
      told.push((await admin.ask(method, path)).text);
    }
    expect(told.join('')).not.toContain(MADE_TOKEN);
    expect(told.join('')).not.toContain(ADMIN_TOKEN);
    expect((await admin.ask('POST', '/tokens', { body: { service: 'orders' } })).text).toContain(MADE_TOKEN);
  });

  it('is kept when something breaks', async () => {
    await admin.server.close();
    const secret = 'MIGH-the-key';
    const status = () => {
      throw new Error(`cannot read ${secret}`);
    };
    admin = await startAdmin({ backend: { status } });
    expect(await admin.ask('GET', '/status')).toMatchObject({
      status: 500,
      json: { error: 'the request failed' },
    });
  });
});
