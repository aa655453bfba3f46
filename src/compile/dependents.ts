/**
 * Need to know: a proxy is told of the ports that policy may let it call, and of nothing else. The index the other
 * way round says whom a change of a service concerns.
 */
import type { Mesh, Port, Service } from '../mesh/mesh.ts';
import { reachersOf } from '../policy/reach.ts';
import type { RuleTable } from '../policy/rule.ts';

export interface ReachablePort {
  readonly service: Service;
  readonly port: Port;
}

type Reach = ReadonlyMap<string, readonly ReachablePort[]>;

/** Rules are immutable, so what follows from them is worked out once for all proxies of a document. */
const reachByRules = new WeakMap<RuleTable, Reach>();

/** What a service may call, in the document's order. */
export function reachableFrom(mesh: Mesh, rules: RuleTable, caller: string): readonly ReachablePort[] {
  const known = reachByRules.get(rules) ?? reachOf(mesh, rules);
  reachByRules.set(rules, known);
  return known.get(caller) ?? [];
}

function reachOf(mesh: Mesh, rules: RuleTable): Reach {
  const reach = new Map<string, ReachablePort[]>();
  for (const service of mesh.services.values()) {
    for (const port of service.ports) {
      for (const caller of reachersOf(rules, mesh, service.name, port.name)) {
        const ports = reach.get(caller) ?? [];
        ports.push({ service, port });
        reach.set(caller, ports);
      }
    }
  }
  return reach;
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
