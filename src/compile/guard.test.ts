import { expect, it } from 'vitest';
import { meshOf } from '../../test/support/mesh-of.ts';
import { ALLOW_FILTER, DENY_FILTER } from '../proto/names.ts';
import { openings } from './guard.ts';
import { inboundRoutes } from './inbound-routes.ts';

const { rules } = meshOf({
  services: { orders: { port: 8080 } },
  policies: [{ name: 'p', allow: { from: 'orders', to: 'orders', paths: '/a' } }],
});
const compiled = inboundRoutes(rules, 'orders', '8080');
const [host] = compiled.virtual_hosts ?? [];

const withHost = (change: object) => ({ ...compiled, virtual_hosts: [{ ...host, ...change }] });
const overrides = host?.typed_per_filter_config ?? {};

it('what is compiled has no opening', () => {
  expect(openings(compiled)).toEqual([]);
});

it('routes that no inbound listener uses need no overrides', () => {
  expect(openings({ name: 'outbound', virtual_hosts: [{ name: 'x' }] })).toEqual([]);
});

it.each([DENY_FILTER, ALLOW_FILTER])('a virtual host without %s is found', (filter) => {
  const { [filter]: _gone, ...rest } = overrides;
  expect(openings(withHost({ typed_per_filter_config: rest }))).toEqual([
    `virtual host "inbound|8080" of "inbound|8080" has no override of ${filter}`,
  ]);
});

it.each([DENY_FILTER, ALLOW_FILTER])(
  'an override of %s that lets everybody pass is found, on host and route',
  (filter) => {
    const open = { ...overrides, [filter]: { '@type': 'x', rbac: {} } };
    const routes = [{ name: 'r', typed_per_filter_config: { [filter]: { '@type': 'x' } } }];
    expect(openings(withHost({ typed_per_filter_config: open, routes }))).toEqual([
      expect.stringMatching(/^virtual host .* with no rules/),
      expect.stringMatching(/^route "r" of virtual host .* with no rules/),
    ]);
  },
);
