/**
 * Folds what a proxy gets over xDS into one static bootstrap that `envoy --mode validate` judges whole. With routes from
 * ADS a listener validates whatever they say; inlined and with `validate_clusters`, an unknown cluster, a bad regex
 * or an unknown secret fails.
 */
import type { CompiledResource } from '../../src/compile/proxy.ts';
import {
  CLUSTER,
  ENDPOINTS,
  LISTENER,
  ROUTE,
  resourceTypeOf,
  SECRET,
} from '../../src/proto/resource-types.ts';
import { toProtoJson } from './proto-json.ts';

type Fields = Record<string, unknown>;

/** `bootstrap` is the proxy's own; the resources are all that it gets, its secrets too. */
export function inlineBootstrap(bootstrap: object, resources: readonly CompiledResource[]): object {
  const json = (typeUrl: string) =>
    new Map(
      resources.filter((resource) => resource.typeUrl === typeUrl).map((r) => [r.name, jsonOf(r) as Fields]),
    );
  const routes = json(ROUTE.typeUrl);
  const assignments = json(ENDPOINTS.typeUrl);
  return {
    ...bootstrap,
    dynamic_resources: {},
    static_resources: {
      secrets: [...json(SECRET.typeUrl).values()],
      clusters: [...json(CLUSTER.typeUrl).values()].map((cluster) =>
        withoutAds(inlineAssignment(cluster, assignments)),
      ),
      listeners: [...json(LISTENER.typeUrl).values()].map((listener) =>
        withoutAds(inlineRoutes(listener, routes)),
      ),
    },
  };
}

/** A resource in protobuf's JSON form. */
export function jsonOf({ typeUrl, message }: CompiledResource): object {
  const type = resourceTypeOf(typeUrl);
  if (!type) throw new Error(`no resource type "${typeUrl}"`);
  return toProtoJson(type.message, message);
}

function inlineAssignment(cluster: Fields, assignments: ReadonlyMap<string, Fields>): Fields {
  if (cluster.type !== 'EDS') return cluster;
  const { eds_cluster_config: _, ...rest } = cluster;
  return { ...rest, type: 'STATIC', load_assignment: assignments.get(cluster.name as string) };
}

function inlineRoutes(node: unknown, routes: ReadonlyMap<string, Fields>): unknown {
  if (Array.isArray(node)) return node.map((item) => inlineRoutes(item, routes));
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).map(([key, value]) => {
    if (key !== 'rds') return [key, inlineRoutes(value, routes)];
    const route = routes.get((value as { route_config_name: string }).route_config_name);
    return ['route_config', { ...route, validate_clusters: true }];
  });
  return Object.fromEntries(entries);
}

/** A secret named without a source is one of `static_resources.secrets`. */
function withoutAds(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutAds);
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).filter(([key]) => key !== 'sds_config');
  return Object.fromEntries(entries.map(([key, value]) => [key, withoutAds(value)]));
}
