/**
 * Requests that no HTTP client would write: two lengths, two hosts, no host, a second request hidden in the first. The
 * same bytes go to an inbound listener, with a valid certificate, and to the gateway. Each may ask for one path and
 * tries to get at another behind it; what counts is what comes back and what the apps saw.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Exchange, exchange } from '../support/raw-http.ts';
import { type Shop, startShop } from '../support/shop.ts';

interface Target {
  readonly name: string;
  readonly send: (text: string) => Promise<Exchange>;
  readonly allowed: string;
  readonly forbidden: string;
  /** Of an allowed request that is complete. */
  readonly seenBy: string;
  /** Of a request that is well-formed, and not allowed. */
  readonly denied: number;
}

let shop: Shop;

beforeAll(async () => {
  shop = await startShop();
});
afterAll(() => shop?.stop());

const TARGETS: readonly Target[] = [
  {
    name: 'the inbound of orders, called by shipping',
    send: async (text) => exchange(shop.inboundOf('orders'), text, await shop.svidOf('shipping')),
    allowed: '/orders/7/shipping',
    forbidden: '/orders/7/payment',
    seenBy: 'orders',
    denied: 403,
  },
  {
    name: 'the gateway',
    send: (text) => exchange(new URL(shop.ready.gateway).host, text),
    allowed: '/products/7',
    forbidden: '/inventory',
    seenBy: 'catalog',
    denied: 404,
  },
];

const HOST = 'host: shop\r\n';
const CLOSE = 'connection: close\r\n';
const END = '\r\n';

type Write = (target: Target) => string;

/** The line of an allowed request. */
const get: Write = ({ allowed }) => `GET ${allowed} HTTP/1.1\r\n`;
const hidden: Write = ({ forbidden }) => `GET ${forbidden} HTTP/1.1\r\n${HOST}${CLOSE}${END}`;
const lengthOf = (text: string) => `content-length: ${text.length}\r\n`;
const chunked = 'transfer-encoding: chunked\r\n';
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const LAST_CHUNK = '0\r\n\r\n';

/** Neither request gets through: the first is refused and the connection ends. */
const REFUSED: Readonly<Record<string, { readonly status: number; readonly write: Write }>> = {
  'content-length and transfer-encoding': {
    status: 400,
    write: (t) => `${get(t)}${HOST}content-length: 4\r\n${chunked}${END}${LAST_CHUNK}${hidden(t)}`,
  },
  'transfer-encoding and content-length': {
    status: 400,
    write: (t) => `${get(t)}${HOST}${chunked}content-length: 4\r\n${END}${LAST_CHUNK}${hidden(t)}`,
  },
  'two content-lengths': {
    status: 400,
    write: (t) => `${get(t)}${HOST}content-length: 0\r\n${lengthOf(hidden(t))}${END}${hidden(t)}`,
  },
  'a list of content-lengths': {
    status: 400,
    write: (t) => `${get(t)}${HOST}content-length: 0, ${hidden(t).length}\r\n${END}${hidden(t)}`,
  },
  'a content-length of +0': {
    status: 400,
    write: (t) => `${get(t)}${HOST}content-length: +0\r\n${END}${hidden(t)}`,
  },
  'a content-length of -1': {
    status: 400,
    write: (t) => `${get(t)}${HOST}content-length: -1\r\n${END}${hidden(t)}`,
  },
  'a blank before the colon': {
    status: 400,
    write: (t) => `${get(t)}${HOST}transfer-encoding : chunked\r\n${lengthOf(hidden(t))}${END}${hidden(t)}`,
  },
  'transfer-encoding: xchunked': {
    status: 400,
    write: (t) => `${get(t)}${HOST}transfer-encoding: xchunked\r\n${lengthOf(hidden(t))}${END}${hidden(t)}`,
  },
  'transfer-encoding: chunked, identity': {
    status: 501,
    write: (t) => `${get(t)}${HOST}transfer-encoding: chunked, identity\r\n${END}${LAST_CHUNK}${hidden(t)}`,
  },
  'two transfer-encodings': {
    status: 501,
    write: (t) => `${get(t)}${HOST}${chunked}transfer-encoding: identity\r\n${END}${LAST_CHUNK}${hidden(t)}`,
  },
  'chunks that end in bare line feeds': {
    status: 400,
    write: (t) => `${get(t)}${HOST}${chunked}${END}0\n\n${hidden(t)}`,
  },
  'a chunk extension with a line feed': {
    status: 400,
    write: (t) => `${get(t)}${HOST}${chunked}${END}0;\n\r\n\r\n${hidden(t)}`,
  },
  'a bare carriage return in the request line': {
    status: 400,
    write: ({ allowed }) => `GET ${allowed} HTTP/1.1\rhost: shop\r\n${END}`,
  },
  'a NUL in a header': { status: 400, write: (t) => `${get(t)}${HOST}x: a\0b\r\n${CLOSE}${END}` },
  'a pseudo-header': {
    status: 400,
    write: (t) => `${get(t)}${HOST}:path: ${t.forbidden}\r\n${CLOSE}${END}`,
  },
  'no host': { status: 400, write: (t) => `${get(t)}${CLOSE}${END}` },
  'a host that is none': { status: 400, write: (t) => `${get(t)}host: a@shop/x\r\n${CLOSE}${END}` },
  'HTTP/0.9': { status: 426, write: ({ allowed }) => `GET ${allowed}\r\n` },
  'HTTP/1.0': { status: 426, write: ({ allowed }) => `GET ${allowed} HTTP/1.0\r\n${HOST}${END}` },
  'HTTP/1.2': { status: 426, write: ({ allowed }) => `GET ${allowed} HTTP/1.2\r\n${HOST}${END}` },
  'HTTP/2.0': { status: 426, write: ({ allowed }) => `GET ${allowed} HTTP/2.0\r\n${HOST}${END}` },
  'a method in lower case': {
    status: 400,
    write: ({ allowed }) => `get ${allowed} HTTP/1.1\r\n${HOST}${CLOSE}${END}`,
  },
  'a method that nobody knows': {
    status: 400,
    write: ({ allowed }) => `BREW ${allowed} HTTP/1.1\r\n${HOST}${CLOSE}${END}`,
  },
  'CONNECT with a path': {
    status: 400,
    write: ({ allowed }) => `CONNECT ${allowed} HTTP/1.1\r\n${HOST}${END}`,
  },
  'more than 100 headers': {
    status: 431,
    write: (t) => `${get(t)}${HOST}${'x: y\r\n'.repeat(101)}${CLOSE}${END}`,
  },
};

/** Odd, and understood as one allowed request: the app sees exactly that. */
const TAKEN: Readonly<Record<string, Write>> = {
  'an empty host': (t) => `${get(t)}host:\r\n${CLOSE}${END}`,
  'two hosts': (t) => `${get(t)}${HOST}host: other\r\n${CLOSE}${END}`,
  'two blanks after the method': ({ allowed }) => `GET  ${allowed} HTTP/1.1\r\n${HOST}${CLOSE}${END}`,
  'a tab after the method': ({ allowed }) => `GET\t${allowed} HTTP/1.1\r\n${HOST}${CLOSE}${END}`,
  'bare line feeds': ({ allowed }) => `GET ${allowed} HTTP/1.1\nhost: shop\nconnection: close\n\n`,
  'empty lines before it': (t) => `\r\n\r\n${get(t)}${HOST}${CLOSE}${END}`,
  'a header over two lines': (t) => `${get(t)}${HOST}x: a\r\n b\r\n${CLOSE}${END}`,
  'headers that name another path or method': (t) =>
    `${get(t)}${HOST}x-original-url: ${t.forbidden}\r\nx-rewrite-url: ${t.forbidden}\r\n` +
    `x-envoy-original-path: ${t.forbidden}\r\nx-http-method-override: DELETE\r\n${CLOSE}${END}`,
  'a request in its body': (t) => `${get(t)}${HOST}${lengthOf(hidden(t))}${CLOSE}${END}${hidden(t)}`,
  'a request in a chunk': (t) => `${get(t)}${HOST}${chunked}${CLOSE}${END}${chunk(hidden(t))}${LAST_CHUNK}`,
  'an upgrade to h2c': (t) =>
    `${get(t)}${HOST}connection: upgrade, http2-settings, close\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n${END}`,
};

/** In lower case and unknown ones are refused above. */
const METHODS = ['HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'];

describe.each(TARGETS)('at $name', (target) => {
  const seen = { method: 'GET', path: target.allowed, service: target.seenBy };

  test('each of these is refused whole', async () => {
    const entries = Object.entries(REFUSED);
    const results = await Promise.all(
      entries.map(async ([name, { write }]) => [name, await target.send(write(target))]),
    );
    expect(results).toEqual(entries.map(([name, { status }]) => [name, { statuses: [status], seen: [] }]));
  });

  test('each of these is one request, and the app sees that one', async () => {
    const results = await Promise.all(
      Object.entries(TAKEN).map(async ([name, write]) => [name, await target.send(write(target))]),
    );
    const one = { statuses: [200], seen: [expect.objectContaining(seen)] };
    expect(results).toEqual(Object.keys(TAKEN).map((name) => [name, one]));
  });

  test('a second request on the same connection is judged by itself', async () => {
    const pipelined = `${get(target)}${HOST}${END}${hidden(target)}`;
    expect(await target.send(pipelined)).toMatchObject({ statuses: [200, target.denied], seen: [seen] });
  });

  test('no method gets at what may not be asked for, and CONNECT opens no tunnel', async () => {
    const texts = METHODS.map(
      (method) => `${method} ${target.forbidden} HTTP/1.1\r\n${HOST}content-length: 0\r\n${CLOSE}${END}`,
    );
    const tunnel = `CONNECT payments:8080 HTTP/1.1\r\nhost: payments:8080\r\n${END}${hidden(target)}`;
    const results = await Promise.all([...texts, tunnel].map((text) => target.send(text)));
    expect(results).toEqual(results.map(() => ({ statuses: [target.denied], seen: [] })));
  });
});
