import { describe, expect, it } from 'vitest';
import { callOf, shopMesh } from '../../test/support/shop-mesh.ts';
import { evaluate } from './evaluate.ts';
import { normalise } from './normalise.ts';

const SERVICES = `
services:
  orders: { port: 8080 }
  payments: { ports: { api: { port: 8080 }, admin: { port: 9090 } } }`;

/** Which of the values let a call pass when the policy asks for `condition`. */
function accepted(condition: string, values: readonly string[], put: (value: string) => object): string[] {
  const policy = `{ name: p, allow: { ${condition.includes('from:') ? '' : 'from: orders, '}to: payments, ${condition} } }`;
  const rules = normalise(shopMesh(`${SERVICES}\npolicies:\n  - ${policy}`));
  const call = callOf('orders', 'payments', 'GET /', { port: 'api' });
  return values.filter((value) => evaluate(rules, { ...call, ...put(value) }).verdict === 'allow');
}

const path = (value: string) => ({ path: value });
const host = (value: string) => ({ host: value });
const header = (value: string) => ({ headers: { 'x-tenant': value } });
const caller = (spiffeId: string) => ({ caller: { spiffeId } });
const address = (value: string) => ({ caller: { spiffeId: 'spiffe://shop.example/orders', address: value } });

describe('what the document can ask of a call', () => {
  it('a path without wildcards is exact', () => {
    expect(accepted('paths: /a/b', ['/a/b', '/a/b/', '/a/B', '/a', '/a/b/c', '/a/b?q'], path)).toEqual([
      '/a/b',
      '/a/b?q',
    ]);
  });

  it('"*" is one segment that is not empty', () => {
    expect(
      accepted('paths: /a/*/c', ['/a/b/c', '/a/b.c*/c', '/a//c', '/a/c', '/a/b/b/c', '/a/b/c/'], path),
    ).toEqual(['/a/b/c', '/a/b.c*/c']);
  });

  it('a last "**" is any number of segments, none too', () => {
    expect(accepted('paths: /a/**', ['/a', '/a/', '/a/b', '/a/b/c/', '/ab', '/', '/b/a'], path)).toEqual([
      '/a',
      '/a/',
      '/a/b',
      '/a/b/c/',
    ]);
    expect(accepted('paths: /**', ['/', '/a', '//', '/a//b/'], path)).toEqual(['/', '/a', '//', '/a//b/']);
    expect(accepted('paths: /*/b/**', ['/a/b', '/a/b/c', '/b', '/a/bc'], path)).toEqual(['/a/b', '/a/b/c']);
  });

  it('a pattern has no characters that mean something else in a regular expression', () => {
    expect(accepted('paths: "/a.b+(c)/*"', ['/a.b+(c)/x', '/axb+(c)/x', '/a.bbc/x'], path)).toEqual([
      '/a.b+(c)/x',
    ]);
  });

  it('a host matches in any case, with a port, and fully qualified', () => {
    const hosts = [
      'orders',
      'ORDERS',
      'orders:80',
      'orders.',
      'orders.:80',
      'orders.x',
      'xorders',
      'orders:x',
      '',
    ];
    expect(accepted('hosts: orders', hosts, host)).toEqual([
      'orders',
      'ORDERS',
      'orders:80',
      'orders.',
      'orders.:80',
    ]);
  });

  it('"*.suffix" is one or more labels, and "*" any host', () => {
    const hosts = [
      'a.shop.example',
      'A.b.shop.example:1',
      'shop.example',
      '.shop.example',
      'a.shopxexample',
      'a-shop.example',
    ];
    expect(accepted('hosts: "*.shop.example"', hosts, host)).toEqual([
      'a.shop.example',
      'A.b.shop.example:1',
    ]);
    expect(accepted('hosts: "*"', [...hosts, ''], host)).toEqual([...hosts, '']);
  });

  it('a method is exact', () => {
    expect(accepted('methods: [GET, PUT]', ['GET', 'HEAD', 'get', 'PUT'], (method) => ({ method }))).toEqual([
      'GET',
      'PUT',
    ]);
  });

  it('a port goes by its name, however it is written', () => {
    expect(accepted('ports: 9090', ['api', 'admin', '9090'], (port) => ({ port }))).toEqual(['admin']);
  });

  it('a header is matched whole, with its repeated values joined', () => {
    const values = ['eu', 'eu-1', 'eu-1,us-1', 'us-1', 'EU-1', ''];
    expect(accepted('headers: { X-Tenant: eu-1 }', values, header)).toEqual(['eu-1']);
    expect(accepted('headers: { x-tenant: { prefix: eu- } }', values, header)).toEqual(['eu-1', 'eu-1,us-1']);
    expect(accepted('headers: { x-tenant: { suffix: "-1" } }', values, header)).toEqual([
      'eu-1',
      'eu-1,us-1',
      'us-1',
      'EU-1',
    ]);
    expect(accepted('headers: { x-tenant: { regex: "[a-z]+-1" } }', values, header)).toEqual([
      'eu-1',
      'us-1',
    ]);
    expect(accepted('headers: { x-tenant: { present: true } }', values, header)).toEqual(values);
  });

  it('a header that is not there matches nothing but its absence', () => {
    const absent = () => ({ headers: {} });
    expect(accepted('headers: { x-tenant: { regex: ".*" } }', [''], absent)).toEqual([]);
    expect(accepted('headers: { x-tenant: { present: true } }', [''], absent)).toEqual([]);
    expect(accepted('headers: { x-tenant: { present: false } }', [''], absent)).toEqual(['']);
  });

  it('identities are exact, or match segment by segment', () => {
    const ids = ['orders', 'orders/a', 'ci/a', 'ci/a/b', 'cix', 'payments'].map(
      (id) => `spiffe://shop.example/${id}`,
    );
    const names = (from: string) =>
      accepted(`from: ${from}`, [...ids, 'spiffe://other.example/orders', ''], caller);
    expect(names('orders')).toEqual([ids[0]]);
    expect(names('"spiffe://shop.example/ci/*"')).toEqual([ids[2]]);
    expect(names('"spiffe://shop.example/ci/**"')).toEqual([ids[2], ids[3]]);
    expect(names('"spiffe://shop.example/*s"')).toEqual([ids[0], ids[5]]);
    expect(names('authenticated')).toEqual(ids);
  });

  it('addresses are compared within their family', () => {
    const addresses = ['10.1.2.3', '11.1.2.3', 'fd00::1', 'nonsense'];
    expect(accepted('from: { cidr: 10.0.0.0/8 }', addresses, address)).toEqual(['10.1.2.3']);
    expect(accepted('from: { cidr: "fd00::/8" }', addresses, address)).toEqual(['fd00::1']);
  });
});
