/** The app believes what its sidecar says of the caller. So nothing that a caller writes may look like the sidecar's word. */
import { createServer, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { callDirectly } from '../../src/cli/demo/direct-call.ts';
import { callThroughProxy } from '../../src/cli/verbs/call.ts';
import { exchange } from '../support/raw-http.ts';
import { type SmallMesh, startSmallMesh } from '../support/small-mesh.ts';

const DOCUMENT = `
version: 1
mesh: small
trustDomain: small.example
services:
  orders: { port: 8080 }
  payments: { port: 8080 }
policies:
  - name: orders-asks-payments
    allow: { from: orders, to: payments, methods: GET, paths: /open }
`;

/** What the app was asked, whether or not anybody hears its answer. */
let asked: Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'headersDistinct'>[] = [];

const app = createServer((request, response) => {
  const { method, url, headers, headersDistinct } = request;
  asked.push({ method, url, headers, headersDistinct });
  request.resume();
  response.end(); // at once, whatever of the body is still to come
});

let mesh: SmallMesh;

beforeAll(async () => {
  mesh = await startSmallMesh({ document: DOCUMENT, apps: { payments: app } });
});
afterAll(() => mesh?.stop());
beforeEach(() => {
  asked = [];
});

const CERTIFIED =
  /^By=spiffe:\/\/small\.example\/payments;Hash=[0-9a-f]{64};URI=spiffe:\/\/small\.example\/orders$/;

const FORGED_CALLER = 'By=spiffe://small.example/payments;Hash=00;URI=spiffe://small.example/admin';

/** By which Envoy steers itself, and one that it may have some day. */
const STEERING = [
  'Attempt-Count',
  'Decorator-Operation',
  'Expected-Rq-Timeout-Ms',
  'External-Address',
  'Force-Trace',
  'Internal',
  'Max-Retries',
  'Original-Path',
  'Original-Url',
  'Retry-On',
  'Upstream-Rq-Timeout-Ms',
  'Never-Heard-Of',
];

const FORGED: Readonly<Record<string, string>> = {
  'X-Forwarded-Client-Cert': FORGED_CALLER,
  ...Object.fromEntries(STEERING.map((name) => [`X-Envoy-${name}`, '1'])),
};

const attack = async (headers: Readonly<Record<string, string>>) =>
  callDirectly({
    inbound: mesh.inboundOf('payments'),
    identity: await mesh.svidOf('orders'),
    method: 'GET',
    path: '/open',
    headers,
  });

const throughSidecar = (headers: Readonly<Record<string, string>>) =>
  callThroughProxy({
    proxy: mesh.outboundOf('orders'),
    method: 'GET',
    url: 'http://payments/open',
    headers,
  });

describe.each([
  { way: "at the inbound with the caller's certificate", call: attack },
  { way: "through the caller's own sidecar", call: throughSidecar },
])('forged headers $way', ({ call }) => {
  test('do not reach the app, which sees the real caller', async () => {
    expect(await call(FORGED)).toMatchObject({ status: 200 });
    const [request] = asked;
    expect(request?.headersDistinct['x-forwarded-client-cert']).toEqual([expect.stringMatching(CERTIFIED)]);
    expect(Object.keys(request?.headers ?? {}).filter((name) => name.startsWith('x-envoy-'))).toEqual([]);
  });

  test('neither do they when "connection" asks the sidecar to drop its own', async () => {
    await call({ ...FORGED, connection: 'close, x-forwarded-client-cert, x-request-id' });
    for (const { headers } of asked) expect(headers['x-forwarded-client-cert']).toMatch(CERTIFIED);
  });
});

test('a header that is there twice is forged twice in vain', async () => {
  const forged = `x-forwarded-client-cert: ${FORGED_CALLER}\r\n`;
  const text = `GET /open HTTP/1.1\r\nhost: payments\r\n${forged}${forged}connection: close\r\n\r\n`;
  await exchange(mesh.inboundOf('payments'), text, await mesh.svidOf('orders'));
  expect(asked.map(({ headersDistinct }) => headersDistinct['x-forwarded-client-cert'])).toEqual([
    [expect.stringMatching(CERTIFIED)],
  ]);
});

describe('an upgrade that the app does not take', () => {
  const hidden = 'GET /hidden HTTP/1.1\r\nhost: payments\r\n\r\n';
  const upgrade =
    'GET /open HTTP/1.1\r\nhost: payments\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
    'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  const chunk = `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`;

  test.each([
    ['behind it', `${upgrade}\r\n${hidden}`],
    ['in its body', `${upgrade}content-length: ${hidden.length}\r\n\r\n${hidden}`],
    ['in a chunk', `${upgrade}transfer-encoding: chunked\r\n\r\n${chunk}`],
  ])('brings no request to the app %s, nor spoils the next one', async (_, text) => {
    await exchange(mesh.inboundOf('payments'), text, await mesh.svidOf('orders'));
    await attack({});
    expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /open', 'GET /open']);
  });
});
