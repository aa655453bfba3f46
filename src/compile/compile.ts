/**
 * The compiler: (mesh, rules, endpoints, proxy) → the Envoy resources that this proxy gets, all but its secrets.
 * Pure: no clock, no random, no I/O; equal input gives equal output in equal order, so that equal content has equal
 * versions. It must not know who is connected, what was sent before, or how anything is delivered; and what a rule
 * means is decided in `policy/`, not here.
 */
import type { Gateway, Mesh, Service } from '../mesh/mesh.ts';
import type { RuleTable } from '../policy/rule.ts';
import { CLUSTER, ENDPOINTS, LISTENER, type ResourceType, ROUTE } from '../proto/resource-types.ts';
import { type ReachablePort, reachableFrom, reachableFromGateway } from './dependents.ts';
import { gatewayListenerOf } from './gateway-listener.ts';
import { gatewayRoutes } from './gateway-routes.ts';
import { inboundListener } from './inbound-listener.ts';
import { inboundRoutes } from './inbound-routes.ts';
import { loadAssignment } from './load-assignment.ts';
import { localClusterOf } from './local-cluster.ts';
import { outboundListener } from './outbound-listener.ts';
import { outboundRoutes } from './outbound-routes.ts';
import type { CompiledResource, EndpointTable, Proxy } from './proxy.ts';
import { upstreamClusterOf } from './upstream-cluster.ts';

/**
 * Everything that one proxy is given but its secrets, which come from `identity`. Clusters, load assignments,
 * listeners, routes, each in the document's order. A proxy of a service that the mesh does not have gets nothing.
 */
export function compileProxy(
  mesh: Mesh,
  rules: RuleTable,
  endpoints: EndpointTable,
  proxy: Proxy,
): readonly CompiledResource[] {
  const service = mesh.services.get(proxy.service);
  const gateway = mesh.gateways.get(proxy.service);
  if (proxy.kind === 'service' && service) return compileSidecar(mesh, rules, endpoints, proxy, service);
  if (proxy.kind === 'gateway' && gateway) return compileGateway(mesh, rules, endpoints, proxy, gateway);
  return [];
}

function compileSidecar(
  mesh: Mesh,
  rules: RuleTable,
  endpoints: EndpointTable,
  proxy: Proxy,
  service: Service,
): CompiledResource[] {
  const reachable = reachableFrom(mesh, rules, service.name);
  const { inbound, outbound } = proxy;
  const listeners = [
    ...(inbound ? [inboundListener(mesh, rules, service, inbound)] : []),
    ...(outbound ? [outboundListener(service.name, outbound)] : []),
  ];
  const httpPorts = service.ports.filter(({ protocol }) => protocol !== 'tcp');
  const routes = [
    ...(inbound ? httpPorts.map((port) => inboundRoutes(rules, service.name, port.name)) : []),
    ...(outbound ? [outboundRoutes(reachable)] : []),
  ];
  return [
    ...named(
      CLUSTER,
      service.ports.map((port) => localClusterOf(proxy, port, service.settings)),
    ),
    ...upstreams(mesh, endpoints, service.name, reachable),
    ...named(LISTENER, listeners),
    ...named(ROUTE, routes),
  ];
}

function compileGateway(
  mesh: Mesh,
  rules: RuleTable,
  endpoints: EndpointTable,
  proxy: Proxy,
  gateway: Gateway,
): CompiledResource[] {
  const reachable = reachableFromGateway(mesh, rules, gateway.name);
  return [
    ...upstreams(mesh, endpoints, gateway.name, reachable),
    ...named(
      LISTENER,
      gateway.listeners.map((listener) => gatewayListenerOf(proxy, gateway, listener)),
    ),
    ...named(
      ROUTE,
      gateway.listeners.map((listener) => gatewayRoutes(mesh, rules, gateway, listener)),
    ),
  ];
}

function upstreams(
  mesh: Mesh,
  endpoints: EndpointTable,
  caller: string,
  reachable: readonly ReachablePort[],
): CompiledResource[] {
  const clusters = reachable.map(({ service, port }) =>
    upstreamClusterOf(mesh.trustDomain, caller, service, port),
  );
  const assignments = reachable.map(({ service, port }) => loadAssignment(service, port.name, endpoints));
  return [
    ...named(CLUSTER, clusters),
    ...assignments.map((message) => ({
      typeUrl: ENDPOINTS.typeUrl,
      name: message.cluster_name ?? '',
      message,
    })),
  ];
}

function named(type: ResourceType, messages: readonly { readonly name?: string }[]): CompiledResource[] {
  return messages.map((message) => ({ typeUrl: type.typeUrl, name: message.name ?? '', message }));
}
