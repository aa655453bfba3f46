/** Where the instances of a service are: as listed in the document, else whoever is present. */
import type { Service } from '../mesh/mesh.ts';
import type { ClusterLoadAssignment } from '../proto/gen/types/envoy/config/endpoint/v3/ClusterLoadAssignment.ts';
import type { LocalityLbEndpoints } from '../proto/gen/types/envoy/config/endpoint/v3/LocalityLbEndpoints.ts';
import { upstreamCluster } from '../proto/names.ts';
import { wrap } from '../proto/well-known-types.ts';
import type { Endpoint, EndpointTable } from './proxy.ts';
import { socketAddress } from './socket-address.ts';

export function loadAssignment(
  service: Service,
  port: string,
  endpoints: EndpointTable,
): ClusterLoadAssignment {
  const present = service.endpoints ?? endpoints.get(service.name) ?? [];
  // in one order whoever came first: equal content must be equal bytes
  const byZone = Map.groupBy([...present].sort(byAddress), (endpoint) => endpoint.zone ?? '');
  const zones = [...byZone].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    cluster_name: upstreamCluster(service.name, port),
    endpoints: zones.map(([zone, members]) => localityOf(zone, members)),
  };
}

function localityOf(zone: string, members: readonly Endpoint[]): LocalityLbEndpoints {
  return {
    ...(zone !== '' && { locality: { zone } }),
    lb_endpoints: members.map((endpoint) => ({
      endpoint: { address: socketAddress(endpoint) },
      load_balancing_weight: wrap(endpoint.weight),
    })),
  };
}

function byAddress(a: Endpoint, b: Endpoint): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1;
  return a.port - b.port;
}
