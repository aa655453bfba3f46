import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HEAD, meshOf, sourceOf, violationsIn } from '../../test/support/mesh-text.ts';
import { parseMesh } from './parse.ts';

const SHOP = readFileSync(new URL('../../examples/shop/mesh.yaml', import.meta.url), 'utf8');

test('the shop is right', () => {
  const shop = meshOf(SHOP);
  expect(shop.name).toBe('shop');
  expect([...shop.services.keys()]).toEqual(['catalog', 'orders', 'payments', 'shipping']);
  expect(shop.gateways.get('edge')?.routes.map(({ to }) => to)).toEqual(['catalog', 'orders']);
  expect(shop.policies.filter(({ to }) => to.includes('payments')).map(({ from }) => from)).toEqual([
    [{ kind: 'service', name: 'orders' }],
  ]);
  expect(shop.tests.length).toBeGreaterThan(11);
});

test('the shop with any bytes put anywhere never makes it throw', () => {
  const { bytes } = sourceOf(SHOP);
  const damage = fc.tuple(fc.nat(bytes.length), fc.uint8Array({ maxLength: 12 }), fc.nat(20));
  fc.assert(
    fc.property(damage, ([at, insert, drop]) => {
      const damaged = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + drop)]);
      const result = parseMesh([{ file: 'mesh.yaml', bytes: damaged }]);
      expect(result.ok || result.violations.length > 0).toBe(true);
    }),
    { numRuns: 300 },
  );
}, 60_000);

test('everything that is wrong is told at once, in the order of the places', () => {
  const text = `version: 2
mesh: Shop
trustDomian: shop.example
services:
  orders: { prot: 8080 }
  payments: { port: 99999, timeout: 15 }
groups: { backoffice: [orders, paiments] }
policies:
  - { name: a, allow: { from: order, to: payments, method: GET } }
  - { name: a, deny: { from: orders, to: backoffice, paths: [orders] } }
tests:
  - { from: orders, to: nobody, request: GET /, expect: alow, because: b }
`;
  expect(violationsIn(text).map((line) => line.replace('mesh.yaml:', ''))).toEqual([
    '1:1: "trustDomain" is missing (add "trustDomain: …")',
    '1:10: version: must be 1, found 2 (write "version: 1")',
    expect.stringMatching(/^2:7: mesh: "Shop" cannot be a name: .* \(for example "shop"\)$/),
    '3:1: trustDomian: the key "trustDomian" is unknown here (did you mean "trustDomain"?)',
    '5:11: services.orders: a service needs a port (add "port: 8080", or "ports" for several)',
    '5:13: services.orders.prot: the key "prot" is unknown here (did you mean "port"?)',
    '6:21: services.payments.port: must be a whole number from 1 to 65535, found 99999',
    expect.stringMatching(
      /^6:37: services.payments.timeout: must be a duration .* found 15 \(write the unit: "15s"/,
    ),
    '7:32: groups.backoffice[1]: there is no service or gateway "paiments" (did you mean "payments"?)',
    '9:31: policies[0].allow.from: there is no service, gateway or group "order" (did you mean "orders"?)',
    '9:52: policies[0].allow.method: the key "method" is unknown here (did you mean "methods"?)',
    '10:13: policies[1].name: the policy "a" is already given at mesh.yaml:9:13 (give each policy a name of its own)',
    '10:62: policies[1].deny.paths[0]: "orders" must start with "/" (write "/orders")',
    '12:25: tests[0].to: there is no service "nobody" (there are orders and payments)',
    '12:57: tests[0].expect: must be "allow", "deny" or "refused", found "alow" (did you mean "allow"?)',
    '12:72: tests[0].because: there is no policy "b" (there are a and default)',
  ]);
});

test.each([
  ['external: {}', 'external'],
  ['providers: {}', 'providers'],
  ['routes: []', 'routes'],
  ['defaults: { mtls: permissive }', 'mtls: permissive'],
  ['policies: [{ name: a, allow: { from: a, to: a, users: {} } }]', '"users"'],
  ['policies: [{ name: a, allow: { from: anonymous, to: a } }]', '"anonymous"'],
  ['tests: [{ from: a, to: a, request: GET /, expect: deny, claims: {} }]', '"claims"'],
])('%s is not supported yet, and says so', (line, what) => {
  const violations = violationsIn(`${HEAD}services: { a: { port: 80 } }\n${line}\n`);
  expect(violations).toEqual([expect.stringMatching(`${what}.* is not supported yet$`)]);
});

test.each(['services:', 'defaults: ~', 'policies: []', 'tests: []', 'groups: { a: [] }'])(
  'an empty value is an error: %s',
  (line) => {
    expect(violationsIn(`${HEAD}${line}\n`)).toEqual([
      expect.stringMatching('has no value|is an empty list'),
    ]);
  },
);

test('a document that is a list or a word is told so', () => {
  expect(violationsIn('- a\n')).toEqual(['mesh.yaml:1:1: must be a mapping, found a list']);
  expect(violationsIn('hello\n')).toEqual(['mesh.yaml:1:1: must be a mapping, found "hello"']);
});

test('a thousand violations are enough', () => {
  const names = Array.from({ length: 20_000 }, (_, index) => `x${index}`);
  expect(violationsIn(`${HEAD}groups: { all: [${names.join(', ')}] }\n`)).toHaveLength(1_000);
});

test('a key that is given twice hides nothing else that is wrong', () => {
  const violations = violationsIn(`${HEAD}services: { a: { prot: 1 }, a: { port: 80 } }
policies: [{ name: p, allow: { from: zz, to: a } }]
`);
  expect(violations.join('\n')).toContain('the key "a" is already given');
  expect(violations.join('\n')).toContain('"prot"');
  expect(violations.join('\n')).toContain('"zz"');
});
