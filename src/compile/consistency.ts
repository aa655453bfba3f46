/**
 * A set of resources that contradicts itself must not reach a proxy: Envoy would answer 503 for a cluster that does
 * not exist and wait for ever for a route that nobody sends. This looks at the references between the resources, and
 * lets `guard.ts` look for a way past policy.
 */
import type { Cluster } from '../proto/gen/types/envoy/config/cluster/v3/Cluster.ts';
import type { RouteConfiguration } from '../proto/gen/types/envoy/config/route/v3/RouteConfiguration.ts';
import { CLUSTER, ENDPOINTS, LISTENER, type ResourceType, ROUTE } from '../proto/resource-types.ts';
import { openings } from './guard.ts';
import type { CompiledResource } from './proxy.ts';

/** What is wrong with the set, each as one line; empty if it may be served. */
export function inconsistencies(resources: readonly CompiledResource[]): readonly string[] {
  const named = (type: ResourceType) => resources.filter(({ typeUrl }) => typeUrl === type.typeUrl);
  const names = (type: ResourceType) => new Set(named(type).map(({ name }) => name));
  const routesInUse = named(LISTENER).flatMap(({ message }) => valuesOf(message, 'route_config_name'));
  const clustersInUse = [
    ...named(ROUTE).flatMap(({ message }) => clustersOfRoutes(message)),
    ...named(LISTENER).flatMap(({ message }) => valuesOf(message, 'cluster')),
  ];
  const assignmentsInUse = named(CLUSTER)
    .filter(({ message }) => (message as Cluster).type === 'EDS')
    .map(({ name }) => name);
  return [
    ...duplicates(resources),
    ...missing('route configuration', routesInUse, names(ROUTE)),
    ...missing('cluster', clustersInUse, names(CLUSTER)),
    ...missing('load assignment', assignmentsInUse, names(ENDPOINTS)),
    ...named(ROUTE).flatMap(({ message }) => openings(message)),
  ];
}

function duplicates(resources: readonly CompiledResource[]): string[] {
  const byName = Map.groupBy(resources, ({ typeUrl, name }) => `${typeUrl} "${name}"`);
  return [...byName].filter(([, same]) => same.length > 1).map(([key]) => `${key} is there more than once`);
}

function missing(what: string, used: readonly string[], existing: ReadonlySet<string>): string[] {
  return [...new Set(used)]
    .filter((name) => !existing.has(name))
    .map((name) => `${what} "${name}" does not exist`);
}

function clustersOfRoutes(message: object): string[] {
  const { virtual_hosts = [] } = message as RouteConfiguration;
  return virtual_hosts
    .flatMap(({ routes = [] }) => routes)
    .flatMap(({ route }) => (route?.cluster === undefined ? [] : [route.cluster]));
}

/** The strings under a field name, however deep: filters are `Any`s within `Any`s. */
function valuesOf(node: unknown, field: string): string[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) =>
    key === field && typeof value === 'string' ? [value] : valuesOf(value, field),
  );
}
