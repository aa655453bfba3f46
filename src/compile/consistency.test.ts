import { expect, it } from 'vitest';
import { CLUSTER, ENDPOINTS, LISTENER, type ResourceType, ROUTE } from '../proto/resource-types.ts';
import { inconsistencies } from './consistency.ts';
import type { CompiledResource } from './proxy.ts';

const resource = ({ typeUrl }: ResourceType, name: string, message: object = {}): CompiledResource => ({
  typeUrl,
  name,
  message: { name, ...message },
});

const listener = resource(LISTENER, 'outbound', {
  filter_chains: [{ filters: [{ typed_config: { rds: { route_config_name: 'outbound' } } }] }],
});
const tcpListener = resource(LISTENER, 'tcp', {
  filter_chains: [{ filters: [{ typed_config: { cluster: 'app|db' } }] }],
});
const route = resource(ROUTE, 'outbound', {
  virtual_hosts: [{ routes: [{ route: { cluster: 'out|a|1' } }, { direct_response: { status: 403 } }] }],
});
const cluster = resource(CLUSTER, 'out|a|1', { type: 'EDS' });
const assignment = resource(ENDPOINTS, 'out|a|1');
const whole = [cluster, assignment, listener, route];

const without = (gone: CompiledResource) => whole.filter((each) => each !== gone);

it('a whole set has no inconsistency', () => {
  expect(inconsistencies(whole)).toEqual([]);
});

it.each([
  ['a listener whose routes are missing', without(route), ['route configuration "outbound" does not exist']],
  ['a route to no cluster', without(cluster), ['cluster "out|a|1" does not exist']],
  [
    'a cluster whose endpoints are missing',
    without(assignment),
    ['load assignment "out|a|1" does not exist'],
  ],
  ['a TCP proxy to no cluster', [tcpListener], ['cluster "app|db" does not exist']],
  ['a name twice', [...whole, cluster], [`${CLUSTER.typeUrl} "out|a|1" is there more than once`]],
])('%s is found', (_what, resources, expected) => {
  expect(inconsistencies(resources)).toEqual(expected);
});
