import { expect, test } from 'vitest';
import { HEAD, meshOf, violationsIn } from '../../test/support/mesh-text.ts';

test('a single port goes by its number, several by their names; all speak http unless they say', () => {
  const { services } = meshOf(`${HEAD}services:
  orders: { port: 8080 }
  ledger: { ports: { api: { port: 8080, protocol: grpc }, db: { port: 5432, protocol: tcp } } }
`);
  expect(services.get('orders')?.ports).toEqual([{ name: '8080', port: 8080, protocol: 'http' }]);
  expect(services.get('ledger')?.ports).toEqual([
    { name: 'api', port: 8080, protocol: 'grpc' },
    { name: 'db', port: 5432, protocol: 'tcp' },
  ]);
  expect(services.get('ledger')?.position).toEqual({ file: 'mesh.yaml', line: 6, column: 3 });
});

test('endpoints are addresses, with a weight of 1 unless they say', () => {
  const { services } = meshOf(`${HEAD}services:
  orders: { port: 80, endpoints: [{ address: 10.0.0.5, port: 15006 }, { address: "fd00::5", port: 1, weight: 3, zone: a }] }
`);
  expect(services.get('orders')?.endpoints).toEqual([
    { address: '10.0.0.5', port: 15006, weight: 1, zone: undefined },
    { address: 'fd00::5', port: 1, weight: 3, zone: 'a' },
  ]);
});

test.each([
  ['Orders', '(for example "orders")'],
  ['my_orders', '(for example "my-orders")'],
  ['"1st"', 'starts with a letter'],
  ['"../orders"', '(for example "orders")'],
  ['"a/b"', '(for example "a-b")'],
  ['"a|b"', '(for example "a-b")'],
  ['"ä"', 'cannot be a name'],
  ['""', 'cannot be a name'],
  ['a'.repeat(41), 'at most 40 characters'],
  ['authenticated', 'is a reserved word'],
  ['anonymous', 'is a reserved word'],
  ['default', 'is a reserved word'],
  ['portcullis', "is the control plane's own identity"],
])('%s, which cannot be in a SPIFFE ID, is no name of a service', (name, expected) => {
  expect(violationsIn(`${HEAD}services: { ${name}: { port: 80 } }\n`)).toEqual([
    expect.stringMatching(/^mesh\.yaml:4:13: /),
  ]);
  expect(violationsIn(`${HEAD}services: { ${name}: { port: 80 } }\n`)[0]).toContain(expected);
});

test.each([
  ['Shop.Example', '(for example "shop.example")'],
  ['spiffe://shop.example/x', '(for example "shop.example")'],
  ['"shop.example:8080"', '(for example "shop.example")'],
  ['a'.repeat(256), 'at most 255 characters'],
])('%s is no trust domain', (trustDomain, expected) => {
  const violations = violationsIn(`version: 1\nmesh: shop\ntrustDomain: ${trustDomain}\n`);
  expect(violations).toEqual([expect.stringContaining(expected)]);
});

test.each([
  ['{}', '4:16: services.a: a service needs a port'],
  ['{ port: 80, ports: { b: { port: 81 } } }', 'a service has either "port" or "ports"'],
  ['{ ports: {} }', 'is empty: a service needs a port'],
  ['{ ports: { b: { port: 81 } }, protocol: tcp }', 'each port has its own protocol'],
  [
    '{ ports: { b: { port: 81 }, c: { port: 81 } } }',
    '4:55: services.a.ports.c.port: the port 81 already has a name',
  ],
  ['{ ports: { B: { port: 81 } } }', '"B" cannot be a name'],
  ['{ port: "80" }', 'must be a whole number from 1 to 65535, found "80"'],
  ['{ port: 80, protocol: htpp }', '(did you mean "http"?)'],
  ['{ port: 80, endpoints: [{ address: orders, port: 1 }] }', '"orders" is no IP address'],
  ['{ port: 80, endpoints: [{ address: 0.0.0.0, port: 1 }] }', '"0.0.0.0" is the address of no machine'],
  ['{ port: 80, endpoints: [{ address: "fe80::1%eth0", port: 1 }] }', 'is no IP address'],
  ['{ port: 80, endpoints: [{ address: 10.0.0.1 }] }', '"port" is missing'],
  [
    '{ port: 80, endpoints: [{ address: 10.0.0.1, port: 1 }, { address: 10.0.0.1, port: 1 }] }',
    'is listed already',
  ],
])('the service %s is refused', (service, expected) => {
  expect(violationsIn(`${HEAD}services: { a: ${service} }\n`)).toEqual([expect.stringContaining(expected)]);
});

test('services, gateways and groups share one namespace', () => {
  const violations = violationsIn(`${HEAD}services:
  a: { port: 80 }
gateways:
  a: { listeners: [{ port: 80 }], routes: [{ to: a }] }
groups:
  a: [a]
`);
  expect(violations).toEqual([
    expect.stringContaining('7:3: gateways.a: "a" is already the name of a service at mesh.yaml:5:3'),
    expect.stringContaining('9:3: groups.a: "a" is already the name of a service at mesh.yaml:5:3'),
  ]);
});

test('groups do not nest', () => {
  expect(violationsIn(`${HEAD}services: { a: { port: 80 } }\ngroups: { b: a, c: [a, b] }\n`)).toEqual([
    expect.stringContaining('5:24: groups.c[1]: "b" is a group: groups do not nest'),
  ]);
});
