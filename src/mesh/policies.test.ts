import { expect, test } from 'vitest';
import { HEAD, meshOf, violationsIn } from '../../test/support/mesh-text.ts';

const SERVICES = `${HEAD}services:
  orders: { port: 8080 }
  ledger: { ports: { api: { port: 8080 }, db: { port: 5432, protocol: tcp } } }
  other: { ports: { web: { port: 8080 } } }
gateways: { edge: { listeners: [{ port: 80 }], routes: [{ to: orders }] } }
groups: { all: [orders, ledger], front: [edge, orders] }
policies: [{ name: p, `;
const document = (rule: string) => `${SERVICES}allow: ${rule} }]\n`;

test('every kind of caller is told apart, groups of callees are resolved, and what is not asked is absent', () => {
  const { policies } = meshOf(
    document(
      '{ from: [orders, edge, front, authenticated, "spiffe://shop.example/a*/**"], to: [ledger, all] }',
    ),
  );
  expect(policies).toEqual([
    {
      name: 'p',
      effect: 'allow',
      from: [
        { kind: 'service', name: 'orders' },
        { kind: 'service', name: 'edge' },
        { kind: 'group', name: 'front' },
        { kind: 'authenticated' },
        { kind: 'spiffe', pattern: 'spiffe://shop.example/a*/**' },
      ],
      to: ['orders', 'ledger'],
      where: {},
      not: {},
      order: 0,
      position: { file: 'mesh.yaml', line: 10, column: 12 },
    },
  ]);
});

test('a port may be called by its number, hosts and headers in any case', () => {
  const { policies } = meshOf(
    document(
      '{ from: orders, to: ledger, ports: 8080, methods: GET, hosts: [Ledger, "*.Shop"], paths: /a/**, headers: { X-Tenant: eu, x-b: { present: false }, x-c: { regex: "a+" } }, not: { from: edge, methods: [PUT] } }',
    ),
  );
  expect(policies[0]?.where).toEqual({
    ports: ['api'],
    methods: ['GET'],
    hosts: ['ledger', '*.shop'],
    paths: ['/a/**'],
    headers: {
      'x-tenant': { kind: 'exact', value: 'eu' },
      'x-b': { kind: 'present', value: false },
      'x-c': { kind: 'regex', value: 'a+' },
    },
  });
  expect(policies[0]?.not).toEqual({ from: [{ kind: 'service', name: 'edge' }], methods: ['PUT'] });
});

test.each([
  ['{ to: orders }', '"from" is missing'],
  ['{ from: orders }', '"to" is missing'],
  ['{ from: [], to: orders }', 'is an empty list'],
  ['{ from: ~, to: orders }', 'has no value'],
  ['{ from: 7, to: orders }', 'must be text, a mapping or a list, found 7'],
  ['{ from: order, to: orders }', '(did you mean "orders"?)'],
  ['{ from: "*", to: orders }', '(write "authenticated"'],
  ['{ from: 10.0.0.1, to: orders }', '(write { cidr: "10.0.0.1" }'],
  ['{ from: { cidr: 10.0.0.0/33 }, to: orders }', 'has no valid prefix length'],
  ['{ from: { cidr: "fd00::/129" }, to: orders }', 'has no valid prefix length'],
  ['{ from: { cidr: orders/8 }, to: orders }', 'is no range of IP addresses'],
  [
    '{ from: "spiffe://other/orders", to: orders }',
    'can never match: the trust domain of this mesh is "shop.example"',
  ],
  ['{ from: "spiffe://shop.example", to: orders }', 'has no path'],
  ['{ from: "spiffe://shop.example/a/../b", to: orders }', 'cannot match a SPIFFE ID: its segment ".."'],
  ['{ from: "spiffe://shop.example/a/", to: orders }', 'cannot match a SPIFFE ID: its segment ""'],
  ['{ from: "spiffe://shop.example/**/a", to: orders }', '"**" must be the whole last segment'],
  ['{ from: "spiffe://shop.example/a**", to: orders }', '"**" must be the whole last segment'],
  ['{ from: orders, to: edge }', '"edge" is a gateway: nothing in the mesh calls it'],
  ['{ from: orders, to: front }', 'the group "front" holds the gateway "edge"'],
  ['{ from: orders, to: authenticated }', 'there is no service or group "authenticated"'],
  [
    '{ from: orders, to: ledger, ports: http }',
    '"ledger" has no port "http" (it has api (8080) and db (5432))',
  ],
  ['{ from: orders, to: [orders, ledger], ports: 5432 }', '"orders" has no port 5432 (it has 8080)'],
  ['{ from: orders, to: [other, ledger], ports: 8080 }', 'the port 8080 is named "api" and "web"'],
  [
    '{ from: orders, to: ledger, methods: GET }',
    '"methods" asks about HTTP requests, and the port "db" of "ledger"',
  ],
  [
    '{ from: orders, to: ledger, not: { paths: /a } }',
    '"paths" asks about HTTP requests, and the port "db" of "ledger"',
  ],
  ['{ from: orders, to: orders, methods: get }', '(did you mean "GET"?)'],
  ['{ from: orders, to: orders, methods: "*" }', '(leave "methods" out to allow every method)'],
  ['{ from: orders, to: orders, hosts: "orders:8080" }', '(write "orders")'],
  ['{ from: orders, to: orders, paths: /a?b }', 'has a query'],
  ['{ from: orders, to: orders, headers: { ":path": a } }', '(write "paths: …")'],
  ['{ from: orders, to: orders, headers: { Host: a } }', '(write "hosts: …")'],
  ['{ from: orders, to: orders, headers: { x-forwarded-client-cert: a } }', '(write "from: …")'],
  ['{ from: orders, to: orders, headers: { X-Envoy-Internal: a } }', 'never arrives'],
  ['{ from: orders, to: orders, headers: { "a b": a } }', 'cannot be the name of a header'],
  ['{ from: orders, to: orders, headers: { a: a, A: b } }', 'the header "a" is given twice'],
  ['{ from: orders, to: orders, headers: { a: 1 } }', 'must be text or a mapping, found 1'],
  ['{ from: orders, to: orders, headers: { a: "" } }', 'is empty (write { present: true }'],
  ['{ from: orders, to: orders, headers: { a: " b" } }', 'begins or ends with a space'],
  ['{ from: orders, to: orders, headers: { a: {} } }', 'must have exactly one of'],
  ['{ from: orders, to: orders, headers: { a: { prefix: b, suffix: c } } }', 'must have exactly one of'],
  ['{ from: orders, to: orders, headers: { a: { regex: "(?=a)" } } }', 'is no regular expression'],
  [
    '{ from: orders, to: orders, headers: { a: { regex: "(a{99}){10}" } } }',
    'is too large a regular expression',
  ],
])('the rule %s is refused', (rule, expected) => {
  expect(violationsIn(document(rule))).toEqual([expect.stringContaining(expected)]);
});

test('requests of a service with a TCP port are asked about where the ports are named', () => {
  expect(violationsIn(document('{ from: orders, to: ledger, ports: api, methods: GET }'))).toEqual([]);
  expect(violationsIn(document('{ from: orders, to: ledger, methods: GET, not: { ports: db } }'))).toEqual(
    [],
  );
});

test('a caller may be an address range', () => {
  const { policies } = meshOf(document('{ from: { cidr: 10.0.0.0/8 }, to: orders }'));
  expect(policies[0]?.from).toEqual([{ kind: 'cidr', cidr: '10.0.0.0/8' }]);
});

test('an address range cannot be asked for where a TCP port is reached', () => {
  const ofTcp = violationsIn(document('{ from: { cidr: 10.0.0.0/8 }, to: ledger }'));
  expect(ofTcp).toEqual([expect.stringContaining('asks for the caller\'s address, and the port "db"')]);
  expect(
    violationsIn(document('{ from: orders, not: { from: { cidr: 10.0.0.0/8 } }, to: ledger }')),
  ).toHaveLength(1);
  expect(violationsIn(document('{ from: { cidr: 10.0.0.0/8 }, to: ledger, ports: api }'))).toEqual([]);
});

test('a header may have the name of something that every object has', () => {
  expect(violationsIn(document('{ from: orders, to: orders, headers: { constructor: a } }'))).toEqual([]);
});

test('an exact header needs no key, and who writes one is told', () => {
  const violations = violationsIn(document('{ from: orders, to: orders, headers: { a: { exact: b } } }'));
  expect(violations.join('\n')).toContain('an exact value is written without a key');
});

test('a policy has exactly one effect', () => {
  const rule = '{ from: orders, to: orders }';
  expect(violationsIn(`${SERVICES}}]\n`)).toEqual([expect.stringContaining('this one has none')]);
  expect(violationsIn(`${SERVICES}allow: ${rule}, deny: ${rule} }]\n`)).toEqual([
    expect.stringContaining('policies[0].deny: a policy has exactly one of "allow", "deny" and "audit"'),
  ]);
});

test.each([
  ['{ from: order, to: orders, request: GET /, expect: deny }', '(did you mean "orders"?)'],
  [
    '{ from: "spiffe://other/a", to: orders, request: GET /, expect: deny }',
    'is no SPIFFE ID of this trust domain',
  ],
  ['{ from: orders, to: all, request: GET /, expect: deny }', '"all" is a group'],
  ['{ from: orders, to: edge, request: GET /, expect: deny }', '"edge" is a gateway'],
  ['{ from: orders, to: orders, request: /, expect: deny }', 'it must be a method, one space and a path'],
  ['{ from: orders, to: orders, request: get /, expect: deny }', '(did you mean "GET"?)'],
  ['{ from: orders, to: orders, request: GET /, expect: allow, because: q }', 'there is no policy "q"'],
  [
    '{ from: orders, to: orders, request: GET /, expect: allow, because: default }',
    '"default" never decides "allow"',
  ],
  ['{ from: orders, to: orders, request: GET /, expect: deny, because: p }', '"p" never decides "deny"'],
  [
    '{ from: orders, to: orders, request: GET /, expect: refused, because: p }',
    'a refused path has no policy to name',
  ],
])('the test %s is refused', (test, expected) => {
  const text = `${document('{ from: orders, to: orders }')}tests: [${test}]\n`;
  expect(violationsIn(text)).toEqual([expect.stringContaining(expected)]);
});
