import { describe, expect, it } from 'vitest';
import type { Effect } from '../mesh/mesh.ts';
import type { Atom, Clause, Rule } from '../policy/rule.ts';
import { decode, encode } from '../proto/descriptors.ts';
import type { Policy } from '../proto/gen/types/envoy/config/rbac/v3/Policy.ts';
import { ALLOW_FILTER, DENY_FILTER } from '../proto/names.ts';
import { passingOverrides, RBAC_FILTERS, rbacOverrides } from './rbac.ts';

const clause = (key: Clause['key'], anyOf: readonly Atom[], negated = false): Clause => ({
  key,
  anyOf,
  negated,
});
const orders: Atom = { kind: 'identity', id: 'spiffe://shop.example/orders' };
const from = clause('from', [orders]);

const rule = (effect: Effect, ...clauses: Clause[]): Rule => ({
  id: `0001-${effect}`,
  policy: effect,
  effect,
  callee: 'payments',
  clauses,
  position: { file: 'mesh.yaml', line: 1, column: 1 },
});

interface Override {
  readonly rbac: { readonly rules: { readonly policies: Readonly<Record<string, Policy>> } };
}

const overrideOf = (overrides: object, filter: string) =>
  (overrides as Record<string, Override>)[filter]?.rbac;
const policiesOf = (overrides: object, filter: string) => overrideOf(overrides, filter)?.rules.policies ?? {};

/** The one policy that a rule compiles to. */
function policy(...clauses: Clause[]) {
  const overrides = rbacOverrides([rule('allow', ...clauses)], '8080');
  return policiesOf(overrides, ALLOW_FILTER)['0001-allow'] as Policy;
}

describe('the base of both filters', () => {
  it('denies everything, also after the wire: rules without policies, not without rules', () => {
    const message = 'envoy.extensions.filters.http.rbac.v3.RBAC';
    for (const { typed_config } of RBAC_FILTERS) {
      const { '@type': _, ...config } = typed_config as { '@type': string };
      expect(decode(message, encode(message, config))).toEqual({ rules: {} });
    }
  });
});

describe('the overrides of a port', () => {
  it('override both filters even when there is no rule: nothing is denied by the one, everything by the other', () => {
    expect(rbacOverrides([], '8080')).toMatchObject({
      [DENY_FILTER]: { rbac: { rules: { action: 'DENY', policies: {} } } },
      [ALLOW_FILTER]: { rbac: { rules: { action: 'ALLOW', policies: {} } } },
    });
  });

  it('keep denies, allows and audits apart', () => {
    const overrides = rbacOverrides([rule('allow', from), rule('deny', from), rule('audit', from)], '8080');
    expect(Object.keys(policiesOf(overrides, DENY_FILTER))).toEqual(['0001-deny']);
    expect(Object.keys(policiesOf(overrides, ALLOW_FILTER))).toEqual(['0001-allow']);
    expect(overrideOf(overrides, DENY_FILTER)).toMatchObject({
      shadow_rules: { action: 'DENY', policies: { '0001-audit': {} } },
      shadow_rules_stat_prefix: 'audit_',
    });
  });

  it('hold only rules about this port', () => {
    const api = rule('allow', from, clause('ports', [{ kind: 'port', name: 'api' }]));
    const notApi = rule('deny', from, clause('ports', [{ kind: 'port', name: 'api' }], true));
    const onApi = rbacOverrides([api, notApi], 'api');
    const onAdmin = rbacOverrides([api, notApi], 'admin');
    expect([policiesOf(onApi, ALLOW_FILTER), policiesOf(onApi, DENY_FILTER)].map(Object.keys)).toEqual([
      ['0001-allow'],
      [],
    ]);
    expect([policiesOf(onAdmin, ALLOW_FILTER), policiesOf(onAdmin, DENY_FILTER)].map(Object.keys)).toEqual([
      [],
      ['0001-deny'],
    ]);
  });
});

describe('a rule', () => {
  it('that asks only who calls, permits anything to them', () => {
    expect(policy(from)).toEqual({
      principals: [{ authenticated: { principal_name: { exact: 'spiffe://shop.example/orders' } } }],
      permissions: [{ any: true }],
    });
  });

  it('takes the caller out of the certificate or the connection, never out of a header', () => {
    const anyOf: readonly Atom[] = [
      { kind: 'authenticated', prefix: 'spiffe://shop.example/' },
      {
        kind: 'identityPattern',
        written: 'spiffe://shop.example/o*',
        regex: 'spiffe://shop\\.example/o[^/]+',
      },
      { kind: 'cidr', address: '10.0.0.0', prefixLength: 8 },
    ];
    expect(policy(clause('from', anyOf)).principals).toEqual([
      {
        or_ids: {
          ids: [
            { authenticated: { principal_name: { prefix: 'spiffe://shop.example/' } } },
            {
              authenticated: { principal_name: { safe_regex: { regex: 'spiffe://shop\\.example/o[^/]+' } } },
            },
            { direct_remote_ip: { address_prefix: '10.0.0.0', prefix_len: { value: 8 } } },
          ],
        },
      },
    ]);
  });

  it('ANDs its clauses and ORs their atoms', () => {
    const methods = clause(
      'methods',
      ['GET', 'HEAD'].map((method) => ({ kind: 'method', method })),
    );
    const paths = clause('paths', [{ kind: 'exactPath', path: '/a' }]);
    const header = (method: string) => ({ header: { name: ':method', string_match: { exact: method } } });
    expect(policy(from, methods, paths).permissions).toEqual([
      {
        and_rules: {
          rules: [
            { or_rules: { rules: [header('GET'), header('HEAD')] } },
            { url_path: { path: { exact: '/a' } } },
          ],
        },
      },
    ]);
  });

  it('negates each clause of its exceptions, those about callers too', () => {
    const notFrom = clause('from', [orders], true);
    const notPath = clause('paths', [{ kind: 'pathPattern', written: '/a/**', regex: '/a(/.*)?' }], true);
    expect(policy(clause('from', [{ kind: 'authenticated', prefix: 'p' }]), notFrom, notPath)).toEqual({
      principals: [
        {
          and_ids: {
            ids: [
              { authenticated: { principal_name: { prefix: 'p' } } },
              { not_id: { authenticated: { principal_name: { exact: 'spiffe://shop.example/orders' } } } },
            ],
          },
        },
      ],
      permissions: [{ not_rule: { url_path: { path: { safe_regex: { regex: '/a(/.*)?' } } } } }],
    });
  });

  it.each([
    [{ kind: 'exact', value: '1' }, { string_match: { exact: '1' } }],
    [{ kind: 'prefix', value: 'a' }, { string_match: { prefix: 'a' } }],
    [{ kind: 'suffix', value: 'z' }, { string_match: { suffix: 'z' } }],
    [{ kind: 'regex', value: 'a+' }, { string_match: { safe_regex: { regex: 'a+' } } }],
    [{ kind: 'present', value: true }, { present_match: true }],
    [{ kind: 'present', value: false }, { present_match: false }],
  ] as const)('matches a header by %o', (match, expected) => {
    const header = clause('headers.x', [{ kind: 'header', name: 'x', match }]);
    expect(policy(from, header).permissions).toEqual([{ header: { name: 'x', ...expected } }]);
  });

  it('with an atom in the wrong place is our mistake, not a hole', () => {
    expect(() => policy(clause('from', [{ kind: 'method', method: 'GET' }]))).toThrow(
      /says nothing about who/,
    );
    expect(() => policy(from, clause('methods', [orders]))).toThrow(/says nothing about what/);
  });
});

it('a route that answers by itself lets everybody pass to it, under a name for the log', () => {
  const overrides = passingOverrides('refused');
  expect(policiesOf(overrides, ALLOW_FILTER)).toEqual({
    refused: { permissions: [{ any: true }], principals: [{ any: true }] },
  });
});
