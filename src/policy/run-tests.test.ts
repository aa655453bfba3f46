import { expect, it } from 'vitest';
import { shopMesh } from '../../test/support/shop-mesh.ts';
import { normalise } from './normalise.ts';
import { runTests } from './run-tests.ts';

const run = (test = '') => {
  const mesh = shopMesh(`
services: { orders: { port: 8080 }, payments: { ports: { raw: { port: 1, protocol: tcp }, api: { port: 8080 } } } }
policies:
  - { name: reads, allow: { from: orders, to: payments, ports: api, methods: GET, hosts: payments } }
  - { name: tenants, deny: { from: orders, to: payments, ports: api, headers: { x-tenant: { prefix: us- } } } }
  - { name: watch, audit: { from: orders, to: payments, ports: api, paths: /watched } }
  - { name: sleeping, deny: { from: orders, to: payments, ports: api, paths: /never } }
${test && `tests: [${test}]`}`);
  return runTests(mesh, normalise(mesh));
};
const messageOf = (test: string) => run(`{ from: orders, to: payments, ${test} }`).outcomes[0]?.message;

it('passes a test whose verdict and reason are as expected, at the first HTTP port and by the name of the callee', () => {
  expect(messageOf('request: GET /a, expect: allow')).toBeUndefined();
  expect(messageOf('request: GET /a, expect: allow, because: reads')).toBeUndefined();
  expect(messageOf('request: PUT /a, expect: deny, because: default')).toBeUndefined();
  expect(messageOf('request: GET /a%2fb, expect: refused')).toBeUndefined();
  expect(
    messageOf('request: GET /a, headers: { X-Tenant: us-1 }, expect: deny, because: tenants'),
  ).toBeUndefined();
});

it('says what came instead', () => {
  expect(messageOf('request: PUT /a, expect: allow')).toBe('expected allowed, but it is denied by default');
  expect(messageOf('request: GET /a, expect: deny, because: default')).toBe(
    'expected denied by "default", but it is allowed by "reads"',
  );
  expect(messageOf('request: GET /a%5cb, expect: deny')).toBe(
    'expected denied, but it is refused: the path holds an escaped backslash ("%5c")',
  );
});

it('fails a right verdict for the wrong reason', () => {
  expect(messageOf('request: PUT /a, expect: deny, because: tenants')).toBe(
    'expected denied by "tenants", but it is denied by default',
  );
});

it('names the policies that no test reaches', () => {
  expect(run().untested).toEqual(['reads', 'tenants', 'watch', 'sleeping']);
  expect(run('{ from: orders, to: payments, request: GET /watched, expect: allow }').untested).toEqual([
    'tenants',
    'sleeping',
  ]);
});
