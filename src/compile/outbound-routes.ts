/**
 * Where an app's calls may go: a virtual host for each port that policy lets it call, by every spelling of the name
 * (`orders`, `orders:80`, `orders.`; Envoy compares hosts in any case), and 403 for the rest, whether it exists or not.
 */
import type { Port, Service } from '../mesh/mesh.ts';
import type { RouteConfiguration } from '../proto/gen/types/envoy/config/route/v3/RouteConfiguration.ts';
import type { VirtualHost } from '../proto/gen/types/envoy/config/route/v3/VirtualHost.ts';
import { OUTBOUND_ROUTE, upstreamCluster } from '../proto/names.ts';
import { durationOf } from '../proto/well-known-types.ts';
import type { ReachablePort } from './dependents.ts';
import { directResponse } from './direct-response.ts';
import { upstreamRoutes } from './upstream-routes.ts';

/** The same for a service that is denied and for a name that nobody has. */
const NOT_ALLOWED = 'no service of this name may be called from here';

const REST: VirtualHost = {
  name: 'not-allowed',
  domains: ['*'],
  routes: [
    directResponse('not-allowed|connect', { connect_matcher: {} }, 403, NOT_ALLOWED),
    directResponse('not-allowed', { prefix: '/' }, 403, NOT_ALLOWED),
  ],
};

export function outboundRoutes(reachable: readonly ReachablePort[]): RouteConfiguration {
  return {
    name: OUTBOUND_ROUTE,
    virtual_hosts: [...reachable.map(virtualHost), REST],
  };
}

function virtualHost({ service, port }: ReachablePort): VirtualHost {
  const cluster = upstreamCluster(service.name, port.name);
  const domains = domainsOf(service, port);
  if (port.protocol === 'tcp') return { name: cluster, domains, routes: [tunnelTo(cluster, service)] };
  return {
    name: cluster,
    domains,
    routes: upstreamRoutes(cluster, { prefix: '/' }, cluster, service.settings),
  };
}

/**
 * A port is called by its number. The bare name is the first HTTP port, and where there is no other HTTP port any
 * number is, because apps write `http://orders/` and `http://orders:8080/` alike.
 */
function domainsOf(service: Service, port: Port): string[] {
  const httpPorts = service.ports.filter(({ protocol }) => protocol !== 'tcp');
  const suffixes = [
    ...(port === httpPorts[0] ? [''] : []),
    port.protocol !== 'tcp' && httpPorts.length === 1 ? ':*' : `:${port.port}`,
  ];
  return suffixes.flatMap((suffix) => [`${service.name}${suffix}`, `${service.name}.${suffix}`]);
}

/** TCP goes through CONNECT (RFC 9110, section 9.3.6); the callee bounds how long, silence is no reason to end. */
function tunnelTo(cluster: string, { settings }: Service) {
  return {
    name: cluster,
    match: { connect_matcher: {} },
    route: {
      cluster,
      timeout: durationOf(0),
      idle_timeout: durationOf(0),
      max_stream_duration: { max_stream_duration: durationOf(settings.maxConnectionDurationMs) },
      upgrade_configs: [{ upgrade_type: 'CONNECT', connect_config: {} }],
    },
  };
}
