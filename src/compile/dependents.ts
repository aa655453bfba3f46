/**
 * Need to know: a proxy is told of the ports that policy may let it call, and of nothing else. The index the other
 * way round says whom a change of a service concerns.
 */
import { spiffeIdOf } from '../lib/spiffe-id.ts';
import type { Mesh, Port, Service } from '../mesh/mesh.ts';
import { mayReach } from '../policy/reach.ts';
import type { RuleTable } from '../policy/rule.ts';

export interface ReachablePort {
  readonly service: Service;
  readonly port: Port;
}

/** What a service may call, in the document's order. */
export function reachableFrom(mesh: Mesh, rules: RuleTable, caller: string): readonly ReachablePort[] {
  const id = spiffeIdOf(mesh.trustDomain, caller);
  return [...mesh.services.values()].flatMap((service) =>
    service.ports
      .filter((port) => mayReach(rules, id, service.name, port.name))
      .map((port) => ({ service, port })),
  );
}

/** What a gateway calls: the first HTTP port of the services that it has routes to, where policy lets it. */
export function reachableFromGateway(
  mesh: Mesh,
  rules: RuleTable,
  gateway: string,
): readonly ReachablePort[] {
  const routed = new Set(mesh.gateways.get(gateway)?.routes.map(({ to }) => to));
  return reachableFrom(mesh, rules, gateway).filter(
    ({ service, port }) => routed.has(service.name) && port === firstHttpPort(service),
  );
}

/** The port that a caller without a port number reaches. */
export function firstHttpPort(service: Service): Port | undefined {
  return service.ports.find(({ protocol }) => protocol !== 'tcp');
}

/** The names of the services whose clusters and endpoints a service's or gateway's proxies hold. */
export function reachableServices(mesh: Mesh, rules: RuleTable, caller: string): readonly string[] {
  const reach = mesh.gateways.has(caller) ? reachableFromGateway : reachableFrom;
  return [...new Set(reach(mesh, rules, caller).map(({ service }) => service.name))];
}

/**
 * The other way round, by service: the services and gateways that hold its clusters and endpoints. A change of its
 * endpoints concerns these and nobody else. Made once per document.
 */
export function dependents(mesh: Mesh, rules: RuleTable): ReadonlyMap<string, readonly string[]> {
  const index = new Map<string, string[]>([...mesh.services.keys()].map((name) => [name, []]));
  for (const caller of [...mesh.services.keys(), ...mesh.gateways.keys()]) {
    for (const service of reachableServices(mesh, rules, caller)) index.get(service)?.push(caller);
  }
  return index;
}
