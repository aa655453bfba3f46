import { describe, expect, it } from 'vitest';
import { shopMesh } from '../../test/support/shop-mesh.ts';
import { normalise } from './normalise.ts';

const SERVICES = `
services: { orders: { port: 8080 }, payments: { port: 8080 }, shipping: { port: 8080 } }
groups: { backoffice: [orders, shipping] }`;

const rulesOf = (policies: string) => normalise(shopMesh(`${SERVICES}\npolicies:\n${policies}`));
const clausesOf = (policy: string) => rulesOf(`  - ${policy}`).get('payments')?.[0]?.clauses;

describe('normalise', () => {
  it('numbers the rules of each callee in document order, one for each policy that is about it', () => {
    const rules = rulesOf(`
  - { name: second-nature, allow: { from: orders, to: payments } }
  - { name: first-class, deny: { from: shipping, to: [orders, payments] } }`);
    const ids = [...rules].map(([callee, own]) => [callee, own.map(({ id }) => id)]);
    expect(ids).toEqual([
      ['orders', ['0001-first-class']],
      ['payments', ['0001-second-nature', '0002-first-class']],
      ['shipping', []],
    ]);
  });

  it('turns callers into exact identities, patterns, ranges and a prefix', () => {
    const from =
      '[backoffice, "spiffe://shop.example/a-*/b", "spiffe://shop.example/ci/**", authenticated, { cidr: 10.0.0.0/8 }]';
    expect(clausesOf(`{ name: p, allow: { from: ${from}, to: payments } }`)).toEqual([
      {
        key: 'from',
        negated: false,
        anyOf: [
          { kind: 'identity', id: 'spiffe://shop.example/orders' },
          { kind: 'identity', id: 'spiffe://shop.example/shipping' },
          expect.objectContaining({ kind: 'identityPattern', written: 'spiffe://shop.example/a-*/b' }),
          expect.objectContaining({ kind: 'identityPattern', written: 'spiffe://shop.example/ci/**' }),
          { kind: 'authenticated', prefix: 'spiffe://shop.example/' },
          { kind: 'cidr', address: '10.0.0.0', prefixLength: 8 },
        ],
      },
    ]);
  });

  it('makes one clause of each key and of each header, and negates those of "not" one by one', () => {
    const where = 'methods: [GET, HEAD], headers: { x-a: "1", x-b: { present: true } }';
    const not = 'not: { paths: /a, headers: { x-c: { prefix: c }, x-d: { present: true } } }';
    const clauses = clausesOf(`{ name: p, allow: { from: orders, to: payments, ${where}, ${not} } }`);
    expect(clauses?.map(({ key, negated, anyOf }) => [key, negated, anyOf.length])).toEqual([
      ['from', false, 1],
      ['methods', false, 2],
      ['headers.x-a', false, 1],
      ['headers.x-b', false, 1],
      ['paths', true, 1],
      ['headers.x-c', true, 1],
      ['headers.x-d', true, 1],
    ]);
  });

  it('refuses a group without members, which would take a deny away', () => {
    const mesh = shopMesh(`${SERVICES}\npolicies: [{ name: p, deny: { from: backoffice, to: payments } }]`);
    expect(() => normalise({ ...mesh, groups: new Map() })).toThrow('the group "backoffice" has no members');
  });
});
