import { unknownName } from './check-names.ts';
import type { Draft } from './draft.ts';
import { type Key, type Located, nodeAt, violationAt } from './located.ts';
import type { Port } from './mesh.ts';
import { EFFECTS, type RuleEntry } from './policy-schema.ts';
import { findPort, portsOf } from './ports.ts';
import { principalProblem } from './principal.ts';
import { allOf, type Problem, quote } from './problem.ts';
import type { Salvaged } from './salvage.ts';
import type { Violation } from './violation.ts';

/** Keys that look into an HTTP request. */
const REQUEST_KEYS = ['methods', 'hosts', 'paths', 'headers'] as const;

type Rule = Salvaged<RuleEntry>;

interface Callee {
  readonly name: string;
  readonly ports: readonly Port[];
}

/** Every name in a policy is something, and everything that it asks can be asked of each callee. */
export function* checkPolicies(draft: Draft): Iterable<Violation> {
  for (const { node, parts } of draft.policies) {
    for (const effect of EFFECTS) {
      const rule = parts?.[effect];
      if (rule) yield* checkRule(draft, nodeAt(node, effect), rule);
    }
  }
}

function* checkRule(draft: Draft, node: Located, rule: Rule): Iterable<Violation> {
  const callees = calleesOf(draft, rule).flatMap((name): readonly Callee[] => {
    const ports = portsOf(draft.services.get(name)?.parts ?? {});
    return ports.length > 0 ? [{ name, ports }] : [];
  });
  yield* located(node, ['from'], rule.from, (item) => principalProblem(draft, item));
  yield* located(node, ['not', 'from'], rule.not?.from, (item) => principalProblem(draft, item));
  yield* located(node, ['to'], rule.to, (item) => calleeProblem(draft, item));
  yield* located(node, ['ports'], rule.ports, (item) => portProblem(callees, item));
  yield* located(node, ['not', 'ports'], rule.not?.ports, (item) => portProblem(callees, item));
  yield* checkRequestKeys(node, rule, callees);
  yield* checkAddressRanges(node, rule, callees);
}

function* located<Item>(
  node: Located,
  keys: readonly Key[],
  items: readonly Item[] | undefined,
  problemOf: (item: Item) => Problem | undefined,
): Iterable<Violation> {
  for (const [index, item] of (items ?? []).entries()) {
    const problem = problemOf(item);
    if (problem) yield violationAt(node, [...keys, index], problem);
  }
}

/** Services that a rule is about, groups resolved, each once, in the order of the document's services. */
export function calleesOf(draft: Draft, rule: Rule): readonly string[] {
  const named = new Set((rule.to ?? []).flatMap((name) => [name, ...(draft.groups.get(name)?.entry ?? [])]));
  return [...draft.services.keys()].filter((service) => named.has(service));
}

function calleeProblem(draft: Draft, to: string): Problem | undefined {
  if (draft.services.has(to)) return undefined;
  if (draft.gateways.has(to)) {
    const hint =
      'a gateway takes traffic from outside by its "routes"; policies say what it may call ("from")';
    return { message: `${quote(to)} is a gateway: nothing in the mesh calls it`, hint };
  }
  const group = draft.groups.get(to);
  if (!group) return unknownName(to, 'service or group', [...draft.services.keys(), ...draft.groups.keys()]);
  const gateways = (group.entry ?? []).filter((member) => draft.gateways.has(member));
  if (gateways.length === 0) return undefined;
  const message = `the group ${quote(to)} holds the gateway ${allOf(gateways.map(quote))}, which nothing in the mesh calls`;
  return { message, hint: 'name a group of services only' };
}

function portProblem(callees: readonly Callee[], written: string | number): Problem | undefined {
  const without = callees.find(({ ports }) => !findPort(ports, written));
  if (without) {
    const ports = without.ports.map(({ name, port }) => (name === String(port) ? name : `${name} (${port})`));
    return {
      message: `${quote(without.name)} has no port ${quote(written)}`,
      hint: `it has ${allOf(ports)}`,
    };
  }
  const names = new Set(callees.map(({ ports }) => findPort(ports, written)?.name ?? ''));
  if (names.size < 2) return undefined;
  const message = `the port ${written} is named ${allOf([...names].map(quote))} on the services of this policy`;
  return { message, hint: 'write a policy for each, or give the port one name' };
}

function firstTcpPort(rule: Rule, { name, ports }: Callee): string | undefined {
  const port = coveredPorts(ports, rule).find(({ protocol }) => protocol === 'tcp');
  return port && `the port ${quote(port.name)} of ${quote(name)}`;
}

/** A TCP caller is chosen in the TLS handshake, by its certificate: its address is not asked. */
function* checkAddressRanges(node: Located, rule: Rule, callees: readonly Callee[]): Iterable<Violation> {
  const port = callees.map((callee) => firstTcpPort(rule, callee)).find((found) => found !== undefined);
  if (port === undefined) return;
  const problemOf = (item: unknown): Problem | undefined => {
    if (typeof item !== 'object') return undefined;
    const message = `asks for the caller's address, and ${port} is plain TCP, where the certificate alone decides`;
    return { message, hint: 'name services, or list the HTTP ports in "ports"' };
  };
  yield* located(node, ['from'], rule.from, problemOf);
  yield* located(node, ['not', 'from'], rule.not?.from, problemOf);
}

function checkRequestKeys(node: Located, rule: Rule, callees: readonly Callee[]): readonly Violation[] {
  const used: readonly Key[] | undefined = [
    ...REQUEST_KEYS.filter((key) => rule[key] !== undefined).map((key) => [key]),
    ...REQUEST_KEYS.filter((key) => rule.not?.[key] !== undefined).map((key) => ['not', key]),
  ][0];
  if (!used) return [];
  return callees.flatMap((callee) => {
    const port = firstTcpPort(rule, callee);
    if (port === undefined) return [];
    const message = `${quote(used.at(-1))} asks about HTTP requests, and ${port} is plain TCP`;
    return [
      violationAt(node, used, {
        message,
        hint: 'list the HTTP ports in "ports", or write a policy for each',
      }),
    ];
  });
}

function coveredPorts(ports: readonly Port[], rule: Rule): readonly Port[] {
  const among = (written: readonly (string | number)[], port: Port) =>
    written.some((each) => findPort([port], each));
  return ports.filter(
    (port) => (rule.ports === undefined || among(rule.ports, port)) && !among(rule.not?.ports ?? [], port),
  );
}
