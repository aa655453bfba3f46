import { RE2JS } from 're2js';
import { describe, expect, it, vi } from 'vitest';
import { callOf, shopMesh } from '../../test/support/shop-mesh.ts';
import { evaluate, evaluateTcp, hasPathRules } from './evaluate.ts';
import { normalise } from './normalise.ts';

const SERVICES = `
services:
  orders: { port: 8080 }
  shipping: { port: 8080 }
  payments: { port: 8080 }
  ledger: { port: 5432, protocol: tcp }`;

const rulesOf = (...policies: string[]) => normalise(shopMesh(SERVICES, policies));
const call = callOf('orders', 'payments', 'GET /payments/7');

describe('evaluate', () => {
  it('denies by default, and calls to a service that nobody has heard of', () => {
    expect(evaluate(rulesOf(), call)).toMatchObject({
      verdict: 'deny',
      rule: undefined,
      path: '/payments/7',
    });
    expect(evaluate(rulesOf(), { ...call, callee: 'nobody' })).toMatchObject({
      verdict: 'deny',
      rule: undefined,
    });
  });

  it('reports the first of several that allow, in document order', () => {
    const rules = rulesOf(
      'name: z, allow: { from: orders, to: payments }',
      'name: a, allow: { from: orders, to: payments }',
    );
    expect(evaluate(rules, call)).toMatchObject({ verdict: 'allow', rule: { policy: 'z' } });
  });

  it('lets any deny win, wherever it stands', () => {
    const rules = rulesOf(
      'name: allowing, allow: { from: orders, to: payments }',
      'name: other, deny: { from: shipping, to: payments }',
      'name: denying, deny: { from: authenticated, to: payments, paths: /payments/** }',
    );
    expect(evaluate(rules, call)).toMatchObject({ verdict: 'deny', rule: { policy: 'denying' } });
    expect(evaluate(rules, { ...call, path: '/refunds' })).toMatchObject({
      verdict: 'allow',
      rule: { policy: 'allowing' },
    });
  });

  it('records what an audit matches, and changes nothing for it', () => {
    const audit = 'name: watching, audit: { from: orders, to: payments, paths: /payments/** }';
    const decision = evaluate(rulesOf(audit, 'name: p, allow: { from: orders, to: payments }'), call);
    expect(decision).toMatchObject({
      verdict: 'allow',
      rule: { policy: 'p' },
      audits: [{ policy: 'watching' }],
    });
    expect(evaluate(rulesOf(audit), call).verdict).toBe('deny');
    expect(hasPathRules(rulesOf(audit), 'payments')).toBe(false);
  });

  it('lets nothing of what is listed in "not" match', () => {
    const rules = rulesOf(
      'name: p, allow: { from: authenticated, to: payments, not: { from: shipping, methods: [PUT, DELETE], headers: { x-a: "1", x-b: { present: true } } } }',
    );
    const verdict = (change: object) => evaluate(rules, { ...call, ...change }).verdict;
    expect(verdict({})).toBe('allow');
    expect(verdict({ caller: { spiffeId: 'spiffe://shop.example/shipping' } })).toBe('deny');
    expect(verdict({ method: 'DELETE' })).toBe('deny');
    expect(verdict({ headers: { 'x-a': '2' } })).toBe('allow');
    expect(verdict({ headers: { 'x-a': '1' } })).toBe('deny');
    expect(verdict({ headers: { 'x-b': '' } })).toBe('deny');
  });

  it('shows of every rule considered which clauses failed', () => {
    const rules = rulesOf(
      'name: p, allow: { from: shipping, to: payments, methods: [PUT, POST], paths: /payments/* }',
    );
    const { considered } = evaluate(rules, call);
    expect(considered.map(({ matched, failed }) => [matched, failed.map(({ key }) => key)])).toEqual([
      [false, ['from', 'methods']],
    ]);
  });

  it('judges the path after normalisation', () => {
    const rules = rulesOf('name: p, allow: { from: orders, to: payments, paths: /open/** }');
    expect(evaluate(rules, { ...call, path: '/open/../payments/7' })).toMatchObject({
      verdict: 'deny',
      path: '/payments/7',
    });
    expect(evaluate(rules, { ...call, path: '/x/%2e%2e//open/a?b' })).toMatchObject({
      verdict: 'allow',
      path: '/open/a',
    });
  });

  it('refuses what normalisation refuses, whatever the rules', () => {
    const rules = rulesOf('name: p, deny: { from: orders, to: payments }');
    expect(evaluate(rules, { ...call, path: '/a%2fb' })).toMatchObject({
      verdict: 'refused',
      rule: undefined,
      why: 'the path holds an escaped slash ("%2f")',
      considered: [],
    });
  });

  it('refuses ";" where rules name paths, also under "not", and only there', () => {
    const asked = { ...call, path: '/open;v=1' };
    const whole = 'name: p, allow: { from: orders, to: payments }';
    expect(evaluate(rulesOf(whole), asked).verdict).toBe('allow');
    const naming = 'name: q, deny: { from: shipping, to: payments, not: { paths: /open } }';
    expect(evaluate(rulesOf(whole, naming), asked)).toMatchObject({ verdict: 'refused', path: '/open;v=1' });
    expect(evaluate(rulesOf(whole, naming), { ...asked, path: '/open?a;b' }).verdict).toBe('allow');
    expect(
      evaluate(rulesOf(whole, 'name: q, allow: { from: orders, to: shipping, paths: /a }'), asked).verdict,
    ).toBe('allow');
  });

  describe('when the address of the caller is not known', () => {
    const RANGE = '{ cidr: 10.0.0.0/8 }';
    const addressed = (address: string) => ({ ...call, caller: { ...call.caller, address } });

    it('no allow holds that asks for it, negated or not, and the decision says so', () => {
      const inside = rulesOf(`name: p, allow: { from: ${RANGE}, to: payments }`);
      expect(evaluate(inside, call)).toMatchObject({
        verdict: 'deny',
        rule: undefined,
        why: '"p" asks whether "caller is an address in 10.0.0.0/8", which is not known here, so it does not allow',
        considered: [{ matched: false, failed: [], undecided: [{ key: 'from' }] }],
      });
      expect(evaluate(inside, addressed('10.1.1.1'))).toMatchObject({ verdict: 'allow', why: undefined });
      const outside = rulesOf(`name: p, allow: { from: orders, to: payments, not: { from: ${RANGE} } }`);
      expect(evaluate(outside, call).verdict).toBe('deny');
      expect(evaluate(outside, addressed('192.0.2.1')).verdict).toBe('allow');
    });

    it('every deny holds that could hold, and the decision says so', () => {
      const allow = 'name: p, allow: { from: orders, to: payments }';
      const outside = rulesOf(
        allow,
        `name: q, deny: { from: authenticated, to: payments, not: { from: ${RANGE} } }`,
      );
      expect(evaluate(outside, call)).toMatchObject({
        verdict: 'deny',
        rule: { policy: 'q' },
        why: '"q" asks whether "caller is not an address in 10.0.0.0/8", which is not known here, so it denies',
      });
      expect(evaluate(outside, addressed('10.1.1.1'))).toMatchObject({ verdict: 'allow', why: undefined });
    });

    it('it does not matter where another caller of the same clause matches', () => {
      const rules = rulesOf(`name: p, allow: { from: [${RANGE}, orders], to: payments }`);
      expect(evaluate(rules, call)).toMatchObject({ verdict: 'allow', why: undefined });
    });
  });

  it('compiles each regular expression once, not for each call', () => {
    const rules = rulesOf(
      'name: p, allow: { from: "spiffe://shop.example/o*", to: payments, hosts: "*.x", paths: /a/* }',
    );
    evaluate(rules, call);
    const compile = vi.spyOn(RE2JS, 'compile');
    evaluate(rules, call);
    evaluate(rules, { ...call, path: '/a/b' });
    expect(compile).not.toHaveBeenCalled();
    compile.mockRestore();
  });

  it('takes time linear in the text for a pattern that makes backtracking explode', () => {
    const rules = rulesOf(
      'name: p, allow: { from: orders, to: payments, headers: { x-a: { regex: "(a*)*b" } } }',
    );
    expect(evaluate(rules, { ...call, headers: { 'x-a': 'a'.repeat(50_000) } }).verdict).toBe('deny');
  });
});

describe('evaluateTcp', () => {
  const connection = { caller: { spiffeId: 'spiffe://shop.example/orders' }, callee: 'ledger', port: '5432' };

  it('decides by identity and port', () => {
    const rules = rulesOf('name: p, allow: { from: orders, to: ledger, ports: 5432 }');
    expect(evaluateTcp(rules, connection)).toMatchObject({
      verdict: 'allow',
      rule: { policy: 'p' },
      path: undefined,
    });
    const caller = { spiffeId: 'spiffe://shop.example/shipping' };
    expect(evaluateTcp(rules, { ...connection, caller }).verdict).toBe('deny');
  });

  it('never allows for an address, and never lets one escape a deny, since Envoy asks for the identity alone', () => {
    // a document cannot say this of a TCP port; should a rule ever do, it must not open anything
    const asked = { ...connection, callee: 'orders', caller: { ...connection.caller, address: '10.1.1.1' } };
    const inside = 'name: p, allow: { from: { cidr: 10.0.0.0/8 }, to: orders }';
    expect(evaluateTcp(rulesOf(inside), asked).verdict).toBe('deny');
    const allow = 'name: p, allow: { from: authenticated, to: orders }';
    const outside = 'name: q, deny: { from: { cidr: 192.0.2.0/24 }, to: orders }';
    expect(evaluateTcp(rulesOf(allow, outside), asked).verdict).toBe('deny');
  });
});
