import { expect, test } from 'vitest';
import { HEAD, meshOf, violationsIn } from '../../test/support/mesh-text.ts';

const SERVICES = `${HEAD}services: { orders: { port: 80 }, ledger: { port: 5432, protocol: tcp } }
groups: { all: [orders, ledger] }
gateways: { edge: `;

test('a route is for every host and every path unless it says', () => {
  const { gateways } = meshOf(
    `${SERVICES}{ listeners: [{ port: 80, hosts: Shop.Example }], routes: [{ to: orders }, { paths: /a/**, to: orders }] } }`,
  );
  expect(gateways.get('edge')?.listeners[0]?.hosts).toEqual(['shop.example']);
  expect(gateways.get('edge')?.routes).toMatchObject([
    { hosts: ['*'], paths: undefined, to: 'orders' },
    { hosts: ['*'], paths: ['/a/**'], to: 'orders' },
  ]);
});

test.each([
  ['{ listeners: [{ port: 80 }] }', '"routes" is missing'],
  ['{ listeners: [], routes: [{ to: orders }] }', 'is an empty list'],
  [
    '{ listeners: [{ port: 80 }, { port: 80 }], routes: [{ to: orders }] }',
    'the port 80 already has a listener',
  ],
  ['{ listeners: [{ port: 80 }], routes: [{ to: order }] }', '(did you mean "orders"?)'],
  ['{ listeners: [{ port: 80 }], routes: [{ to: all }] }', '"all" is a group: a route leads to one service'],
  ['{ listeners: [{ port: 80 }], routes: [{ to: edge }] }', '"edge" is a gateway'],
  ['{ listeners: [{ port: 80 }], routes: [{ to: ledger }] }', '"ledger" has only TCP ports'],
  [
    '{ listeners: [{ port: 80 }], routes: [{ to: orders }], timeout: 1s }',
    '"timeout" has no effect on a gateway',
  ],
  [
    '{ listeners: [{ port: 80 }], routes: [{ to: orders }], tls: {} }',
    'no listener of this gateway has a certificate',
  ],
  ['{ listeners: [{ port: 80, tls: { cert: a.pem } }], routes: [{ to: orders }] }', '"key" is missing'],
  ['{ listeners: [{ port: 80, hosts: "https://a:80/b" }], routes: [{ to: orders }] }', '(write "a")'],
  ['{ listeners: [{ port: 80, hosts: "a.*" }], routes: [{ to: orders }] }', '"a.*" is no host'],
])('the gateway %s is refused', (gateway, expected) => {
  expect(violationsIn(`${SERVICES}${gateway} }\n`)).toEqual([expect.stringContaining(expected)]);
});
