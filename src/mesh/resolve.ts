import { dirname, isAbsolute, join } from 'node:path';
import { calleesOf } from './check-policies.ts';
import type { Draft, Drafted } from './draft.ts';
import type { GatewayEntry } from './gateway-schema.ts';
import { nodeAt } from './located.ts';
import type { Conditions, Gateway, Mesh, MeshTest, Policy, Port, Service, Settings } from './mesh.ts';
import { type ConditionsEntry, type PolicyEntry, ruleOf } from './policy-schema.ts';
import { findPort, portsOf } from './ports.ts';
import { principalOf } from './principal.ts';
import type { ServiceEntry } from './service-schema.ts';
import { BUILT_IN, overlay } from './settings.ts';
import type { TestEntry } from './test-schema.ts';

/** The mesh of a draft in which the checks found nothing. */
export function resolve(draft: Draft): Mesh {
  const settings = overlay(BUILT_IN, draft.defaults);
  const services = mapEntries(draft.services, (service) => resolveService(service, settings));
  return {
    name: nodeAt(draft.root, 'mesh').data as string,
    trustDomain: nodeAt(draft.root, 'trustDomain').data as string,
    services,
    gateways: mapEntries(draft.gateways, (gateway) => resolveGateway(gateway, settings)),
    groups: mapEntries(draft.groups, ({ entry = [] }) => [...new Set(entry)]),
    policies: draft.policies.flatMap((policy, order) => resolvePolicy(draft, services, policy, order)),
    tests: draft.tests.flatMap(resolveTest),
  };
}

function mapEntries<Entry, Result>(
  entries: ReadonlyMap<string, Drafted<Entry>>,
  resolveEntry: (drafted: Drafted<Entry>) => Result,
): ReadonlyMap<string, Result> {
  return new Map(Array.from(entries, ([name, drafted]) => [name, resolveEntry(drafted)]));
}

function resolveService({ key, keyPosition, entry = {} }: Drafted<ServiceEntry>, base: Settings): Service {
  return {
    name: key,
    ports: portsOf(entry),
    endpoints: entry.endpoints?.map(({ address, port, weight = 1, zone }) => ({
      address,
      port,
      weight,
      zone,
    })),
    settings: overlay(base, entry),
    position: keyPosition,
  };
}

const ANY_HOST = ['*'];

function resolveGateway({ key, keyPosition, node, entry }: Drafted<GatewayEntry>, base: Settings): Gateway {
  const folder = dirname(node.position.file);
  const fileOf = (path: string) => (isAbsolute(path) ? path : join(folder, path));
  return {
    name: key,
    listeners: (entry?.listeners ?? []).map(({ port, hosts = ANY_HOST, tls }) => ({
      port,
      hosts,
      tls: tls && { certFile: fileOf(tls.cert), keyFile: fileOf(tls.key) },
    })),
    routes: (entry?.routes ?? []).map(({ hosts = ANY_HOST, paths, to }, index) => ({
      hosts,
      paths,
      to,
      position: nodeAt(node, 'routes', index).position,
    })),
    settings: overlay(base, { tls: entry?.tls, maxConnectionDuration: entry?.maxConnectionDuration }),
    position: keyPosition,
  };
}

function resolvePolicy(
  draft: Draft,
  services: ReadonlyMap<string, Service>,
  { node, entry }: Drafted<PolicyEntry>,
  order: number,
): readonly Policy[] {
  const found = ruleOf(entry);
  if (!found || !entry) return [];
  const { effect, rule } = found;
  const to = calleesOf(draft, rule);
  const ports = services.get(to[0] ?? '')?.ports ?? [];
  const { from = [], ...where } = conditionsOf(draft, rule, ports);
  const not = conditionsOf(draft, rule.not ?? {}, ports);
  return [{ name: entry.name, effect, from, to, where, not, order, position: node.position }];
}

/** Absent keys stay absent. A port goes by the one name that the checks made sure it has on every callee. */
function conditionsOf(draft: Draft, written: ConditionsEntry, ports: readonly Port[]): Conditions {
  const { from, methods, hosts, paths, headers } = written;
  return {
    ...(from && { from: from.map((item) => principalOf(draft, item)) }),
    ...(written.ports && { ports: written.ports.map((item) => findPort(ports, item)?.name ?? String(item)) }),
    ...(methods && { methods }),
    ...(hosts && { hosts }),
    ...(paths && { paths }),
    ...(headers && { headers }),
  };
}

function resolveTest({ node, entry }: Drafted<TestEntry>): readonly MeshTest[] {
  if (!entry) return [];
  const { from, to, request, headers = {}, expect, because } = entry;
  return [{ from, to, ...request, headers, expect, because, position: node.position }];
}
