/**
 * Which service answers which host and path at a gateway. Envoy picks the most specific virtual host, the document
 * says "first match in list order"; so each virtual host repeats, in order, every route whose hosts cover its domain.
 */
import { spiffeIdOf } from '../lib/spiffe-id.ts';
import type { Gateway, GatewayListener, GatewayRoute, Mesh, Port } from '../mesh/mesh.ts';
import { pathAtom } from '../policy/path-pattern.ts';
import { mayReach } from '../policy/reach.ts';
import type { RuleTable } from '../policy/rule.ts';
import type { Route } from '../proto/gen/types/envoy/config/route/v3/Route.ts';
import type { RouteConfiguration } from '../proto/gen/types/envoy/config/route/v3/RouteConfiguration.ts';
import type { RouteMatch } from '../proto/gen/types/envoy/config/route/v3/RouteMatch.ts';
import type { VirtualHost } from '../proto/gen/types/envoy/config/route/v3/VirtualHost.ts';
import { gatewayRoute, upstreamCluster } from '../proto/names.ts';
import { directResponse } from './direct-response.ts';
import { covers, intersection } from './host-pattern.ts';
import { refusedPath } from './refused-path.ts';
import { upstreamRoutes } from './upstream-routes.ts';

const NO_ROUTE = directResponse('no-route', { prefix: '/' }, 404);

export function gatewayRoutes(
  mesh: Mesh,
  rules: RuleTable,
  gateway: Gateway,
  listener: GatewayListener,
): RouteConfiguration {
  const domains = domainsOf(gateway, listener);
  const refused = gateway.routes.some(({ paths }) => paths !== undefined) ? [refusedPath()] : [];
  const virtualHosts = domains.map((domain): VirtualHost => {
    const routes = gateway.routes.filter(({ hosts }) => hosts.some((host) => covers(host, domain)));
    return {
      name: domain,
      domains: [domain],
      routes: [...refused, ...routes.flatMap((route) => routesTo(mesh, rules, gateway, route)), NO_ROUTE],
    };
  });
  const rest: VirtualHost[] = domains.includes('*')
    ? []
    : [{ name: '*', domains: ['*'], routes: [NO_ROUTE] }];
  return {
    name: gatewayRoute(listener.port),
    virtual_hosts: [...virtualHosts, ...rest],
    ignore_port_in_host_matching: true,
    response_headers_to_remove: ['server', 'x-powered-by'],
  };
}

function domainsOf(gateway: Gateway, listener: GatewayListener): string[] {
  const routed = gateway.routes.flatMap(({ hosts }) => hosts);
  const both = listener.hosts.flatMap((host) => routed.map((other) => intersection(host, other)));
  return [...new Set(both.filter((domain) => domain !== undefined))].sort();
}

function routesTo(mesh: Mesh, rules: RuleTable, gateway: Gateway, route: GatewayRoute): Route[] {
  const target = mesh.services.get(route.to);
  const port = target?.ports.find(({ protocol }) => protocol !== 'tcp');
  const matches = matchesOf(route);
  if (!target || !port || !isAllowed(mesh, rules, gateway, route.to, port)) {
    return matches.map((match) => directResponse(`not-allowed|${route.to}`, match, 403));
  }
  const cluster = upstreamCluster(target.name, port.name);
  return matches.flatMap((match) => upstreamRoutes(cluster, match, cluster, target.settings));
}

const isAllowed = (mesh: Mesh, rules: RuleTable, gateway: Gateway, callee: string, port: Port) =>
  mayReach(rules, spiffeIdOf(mesh.trustDomain, gateway.name), callee, port.name);

function matchesOf({ paths }: GatewayRoute): RouteMatch[] {
  if (paths === undefined) return [{ prefix: '/' }];
  return paths.map((pattern) => {
    const atom = pathAtom(pattern);
    return atom.kind === 'exactPath' ? { path: atom.path } : { safe_regex: { regex: atom.regex } };
  });
}
