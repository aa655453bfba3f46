import { describe, expect, it } from 'vitest';
import { callOf, shopMesh } from '../../test/support/shop-mesh.ts';
import { explain } from './explain.ts';
import { normalise } from './normalise.ts';

const SERVICES = `
services:
  orders: { port: 8080 }
  shipping: { port: 8080 }
  payments: { port: 8080 }
  ledger: { port: 5432, protocol: tcp }`;

function explained(policies: readonly string[], from: string, to: string, request: string, more = {}) {
  const mesh = shopMesh(SERVICES, policies);
  return explain(mesh, normalise(mesh), callOf(from, to, request, more));
}

const READS =
  'name: reads, allow: { from: [orders, shipping], to: payments, methods: [GET, HEAD], paths: [/payments/*, /health] }';
const WRITES = 'name: writes, allow: { from: orders, to: payments, methods: POST, paths: /payments/** }';

describe('explain', () => {
  it('has nothing to add to what is allowed or refused but where the policy stands', () => {
    const allowed = explained([READS], 'orders', 'payments', 'GET /payments/7');
    expect(allowed).toMatchObject({ nearest: undefined, fix: undefined });
    expect(allowed.decision.rule?.position).toMatchObject({ file: 'mesh.yaml', line: 11 });
    expect(explained([READS], 'orders', 'payments', 'GET /a%2fb')).toMatchObject({
      nearest: undefined,
      fix: undefined,
    });
  });

  it('shows what differs from the nearest allow, asked against accepted', () => {
    expect(explained([READS], 'orders', 'payments', 'PUT /payments/7/../8/refund').nearest).toMatchObject({
      rule: { policy: 'reads' },
      differences: [
        { key: 'methods', asked: 'PUT', accepted: 'GET or HEAD' },
        { key: 'paths', asked: '/payments/8/refund', accepted: '/payments/* or /health' },
      ],
    });
  });

  it('prefers the allow that fails in the fewest clauses', () => {
    expect(explained([READS, WRITES], 'orders', 'payments', 'PUT /payments/7/x').nearest?.rule.policy).toBe(
      'writes',
    );
    expect(explained([WRITES, READS], 'orders', 'payments', 'PUT /health').nearest?.rule.policy).toBe(
      'reads',
    );
  });

  it('takes another caller for nearer than another method and another path', () => {
    const mine = 'name: mine, allow: { from: shipping, to: payments, methods: PUT, paths: /a }';
    const other = 'name: other, allow: { from: ledger, to: payments }';
    expect(explained([mine, other], 'shipping', 'payments', 'GET /').nearest?.rule.policy).toBe('other');
  });

  it('among equals prefers one that is about this caller, then the first', () => {
    const other = 'name: other, allow: { from: ledger, to: payments }';
    const mine = 'name: mine, allow: { from: shipping, to: payments, methods: PUT }';
    expect(explained([other, mine], 'shipping', 'payments', 'GET /').nearest?.rule.policy).toBe('mine');
    const also = 'name: also, allow: { from: shipping, to: payments, paths: /a }';
    expect(explained([also, mine], 'shipping', 'payments', 'GET /').nearest?.rule.policy).toBe('also');
  });

  it('looks at other callees when nothing at all allows calls to this one', () => {
    expect(explained([READS], 'shipping', 'orders', 'GET /health').nearest).toMatchObject({
      rule: { policy: 'reads', callee: 'payments' },
      differences: [{ key: 'to', asked: 'orders', accepted: 'payments' }],
    });
    expect(explained([WRITES], 'shipping', 'orders', 'GET /health').nearest).toBeUndefined();
  });

  it('says in words what headers, hosts and negated clauses accept', () => {
    const policy =
      'name: p, allow: { from: authenticated, to: payments, hosts: "*.shop", headers: { x-a: "1", x-b: { prefix: b }, x-c: { present: true } }, not: { from: [orders, shipping] } }';
    const { nearest } = explained([policy], 'orders', 'payments', 'GET /', { headers: { 'x-a': '2' } });
    expect(nearest?.differences).toEqual([
      { key: 'hosts', asked: 'payments', accepted: '*.shop' },
      { key: 'headers.x-a', asked: '"2"', accepted: '"1"' },
      { key: 'headers.x-b', asked: 'no header', accepted: 'something that starts with "b"' },
      { key: 'headers.x-c', asked: 'no header', accepted: 'present' },
      { key: 'from', asked: 'orders', accepted: 'anything but orders or shipping' },
    ]);
  });

  it('asks for no nearest allow where a deny decides', () => {
    const deny = 'name: closed, deny: { from: orders, to: payments }';
    expect(explained([READS, deny], 'orders', 'payments', 'GET /payments/7')).toMatchObject({
      decision: { rule: { policy: 'closed' } },
      nearest: undefined,
    });
  });

  it('takes a request to a TCP port for the connection that it needs', () => {
    const allow = 'name: p, allow: { from: orders, to: ledger }';
    const port = { port: '5432' };
    expect(explained([allow], 'orders', 'ledger', 'GET /;%2f', port).decision.verdict).toBe('allow');
    expect(explained([allow], 'shipping', 'ledger', 'GET /', port)).toMatchObject({
      decision: { verdict: 'deny', path: undefined },
      nearest: { differences: [{ key: 'from', asked: 'shipping', accepted: 'orders' }] },
      fix: expect.not.stringContaining('methods'),
    });
  });
});
