import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryCall, arbitraryDocument } from '../../test/support/arbitrary-mesh.ts';
import { callOf, shopMesh } from '../../test/support/shop-mesh.ts';
import { evaluate } from './evaluate.ts';
import { explain } from './explain.ts';
import { normalise } from './normalise.ts';

const SERVICES = `services:
  orders: { port: 8080 }
  shipping: { port: 8080 }
  payments: { port: 8080 }
  ledger: { ports: { api: { port: 8080 }, sql: { port: 5432, protocol: tcp } } }`;

function fixOf(policies: readonly string[], from: string, to: string, request: string, more = {}) {
  const mesh = shopMesh(SERVICES, policies);
  return explain(mesh, normalise(mesh), callOf(from, to, request, more)).fix;
}

describe('the fix of a call that nothing allows', () => {
  it('is the policy that allows just it', () => {
    expect(fixOf([], 'orders', 'payments', 'GET /payments/7?full=1')).toBe(`  - name: orders-to-payments
    allow:
      from: orders
      to: payments
      methods: GET
      paths: /payments/7
`);
  });

  it('has a name that is free', () => {
    const taken = ['orders-to-payments', 'orders-to-payments-2'].map(
      (name) => `name: ${name}, allow: { from: shipping, to: payments }`,
    );
    expect(fixOf(taken, 'orders', 'payments', 'GET /')).toContain('- name: orders-to-payments-3\n');
  });

  it('names the port if the callee has several, and asks nothing of a request where there is none', () => {
    expect(fixOf([], 'orders', 'ledger', 'GET /', { port: 'api' })).toContain(
      '      ports: api\n      methods: GET\n',
    );
    expect(fixOf([], 'orders', 'ledger', 'GET /', { port: 'sql' })).toMatch(
      / {6}to: ledger\n {6}ports: sql\n$/,
    );
  });

  it('names an identity that is no service by its SPIFFE ID', () => {
    expect(fixOf([], 'job/7', 'payments', 'GET /')).toContain(
      '- name: 7-to-payments\n    allow:\n      from: spiffe://shop.example/job/7\n',
    );
  });

  it('quotes what YAML would read as something else', () => {
    expect(fixOf([], 'orders', 'payments', 'NULL /a:b,c')).toContain(
      'methods: "NULL"\n      paths: /a:b,c\n',
    );
  });

  it.each([
    ['GET /a/*/b', 'paths: /a/*/b', '# this allows whatever "/a/*/b" matches'],
    ['GET /a/**', 'paths: /a/*', '# this allows whatever "/a/*" matches'],
    ['GET /a/%zz', 'paths: /a/*', '# this allows whatever "/a/*" matches'],
    ['GET /a[1]', 'paths: /*', '# this allows whatever "/*" matches'],
    [`GET /a/${'b/'.repeat(600)}c`, '/b/**', '# this allows whatever'],
  ])('says so where no pattern can say the path of %j alone', (request, line, caveat) => {
    expect(fixOf([], 'orders', 'payments', request)).toContain(line);
    expect(fixOf([], 'orders', 'payments', request)).toContain(caveat);
  });

  it.each(['GET /a;b', 'GET //'])('names no path where none would allow %j', (request) => {
    const fix = fixOf([], 'orders', 'payments', request);
    expect(fix).toContain('# this allows every path: ');
    expect(fix).not.toContain('paths:');
  });

  it.each([
    [
      callOf('orders', 'nobody\n- name: evil', 'GET /'),
      '# "nobody\\n- name: evil" is no service of this mesh\n',
    ],
    [callOf('orders', 'payments', 'GET /', { port: 'x' }), '# "payments" has no port "x"\n'],
    [
      callOf('', 'payments', 'GET /'),
      '# "spiffe://shop.example/" is no identity of this mesh, so no policy can name it\n',
    ],
    [
      callOf('', 'payments', 'GET /', { caller: { spiffeId: 'spiffe://other.example/orders' } }),
      '# "spiffe://other.example/orders" is no identity of this mesh, so no policy can name it\n',
    ],
  ])('is a comment where no policy could help', (call, comment) => {
    const mesh = shopMesh(SERVICES);
    expect(explain(mesh, normalise(mesh), call).fix).toBe(comment);
  });
});

describe('the fix of a call that a policy denies', () => {
  const ALLOW = 'name: p, allow: { from: [orders, shipping], to: payments }';

  it('says which, and how to exempt the caller', () => {
    const deny = 'name: closed, deny: { from: authenticated, to: payments, not: { from: shipping } }';
    expect(fixOf([ALLOW, deny], 'orders', 'payments', 'GET /')).toBe(
      `# "closed" (mesh.yaml:11:5) denies this call, and no allow overrides a deny.
# To exempt this caller from it, write there:
# not:
#   from:
#     - shipping
#     - orders
`,
    );
  });

  it('exempts the path where the policy is about nobody else', () => {
    const deny = 'name: closed, deny: { from: orders, to: payments, paths: /** }';
    expect(fixOf([ALLOW, deny], 'orders', 'payments', 'GET /a')).toContain('# not:\n#   paths: /a\n');
    const bare = 'name: closed, deny: { from: orders, to: ledger, ports: sql }';
    expect(fixOf([ALLOW, bare], 'orders', 'ledger', '', { port: 'sql' })).toContain(
      'remove it, or narrow it',
    );
  });

  it('adds the allow that is missing besides', () => {
    const deny = 'name: closed, deny: { from: authenticated, to: payments }';
    expect(fixOf([deny], 'orders', 'payments', 'GET /')).toMatch(
      /^# "closed" .*\n {2}- name: orders-to-payments\n/s,
    );
  });
});

it('any fix, pasted under "policies:", parses and allows the call, and to nobody else', () => {
  let denied = 0;
  fc.assert(
    fc.property(arbitraryDocument, arbitraryCall, oddPath(), (document, arbitrary, path) => {
      const call = { ...arbitrary, path };
      const mesh = shopMesh(document);
      const rules = normalise(mesh);
      const { decision, fix } = explain(mesh, rules, call);
      if (decision.verdict !== 'deny' || decision.rule) return;
      denied += 1;
      const { policies = [], ...rest } = document as { policies?: object[] };
      const head = Object.entries(rest).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`);
      const lines = policies.map((policy) => `  - ${JSON.stringify(policy)}\n`);
      const fixed = normalise(shopMesh(`${head.join('')}policies:\n${lines.join('')}${fix}`));
      expect(evaluate(fixed, call).verdict).toBe('allow');
      for (const other of ['a', 'b', 'c', 'g', 'job-1', 'job-1/run'].map(
        (name) => `spiffe://shop.example/${name}`,
      )) {
        if (other === call.caller.spiffeId) continue;
        const theirs = { ...call, caller: { ...call.caller, spiffeId: other } };
        const after = evaluate(fixed, theirs).verdict;
        expect(after === 'allow' && evaluate(rules, theirs).verdict !== 'allow').toBe(false);
      }
    }),
    { numRuns: 300 },
  );
  expect(denied).toBeGreaterThan(50);
});

function oddPath() {
  const part = fc.constantFrom(
    'a',
    'B',
    '.',
    '..',
    '*',
    '**',
    '%41',
    '%2a',
    '%zz',
    '%',
    '',
    '[',
    '"',
    ';',
    ' ',
    '%20',
    '~',
  );
  return fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => `/${parts.join('/')}`);
}
