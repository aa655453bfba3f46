import { spiffeIdOf } from '../lib/spiffe-id.ts';
import type { Mesh } from '../mesh/mesh.ts';
import { evaluateTcp } from './evaluate.ts';
import type { Facts, Truth } from './match-atom.ts';
import { matchRule } from './match-rule.ts';
import type { Rule, RuleTable } from './rule.ts';

/**
 * Whether some allow could ever match this identity on this port, and no deny covers everything that it could ask
 * there: what a proxy needs to know of. Looks at identity and port alone; address and request may be anything.
 */
export function mayReach(rules: RuleTable, callerSpiffeId: string, callee: string, port: string): boolean {
  const facts: Facts = { spiffeId: callerSpiffeId, address: undefined, port, request: undefined };
  const own = rules.get(callee) ?? [];
  const some = (effect: 'allow' | 'deny', enough: readonly Truth[]) =>
    own.some((rule) => rule.effect === effect && enough.includes(matchRule(rule, facts).truth));
  return some('allow', ['yes', 'unknown']) && !some('deny', ['yes']);
}

/** Names of the services and gateways for which `mayReach` holds, in document order. */
export function reachersOf(rules: RuleTable, mesh: Mesh, callee: string, port: string): readonly string[] {
  return candidates(mesh, rules.get(callee) ?? []).filter((name) =>
    mayReach(rules, spiffeIdOf(mesh.trustDomain, name), callee, port),
  );
}

/** Names of the services and gateways that may open a connection to this TCP port, in document order. */
export function callersOf(rules: RuleTable, mesh: Mesh, callee: string, port: string): readonly string[] {
  return candidates(mesh, rules.get(callee) ?? []).filter((name) => {
    const caller = { spiffeId: spiffeIdOf(mesh.trustDomain, name) };
    return evaluateTcp(rules, { caller, callee, port }).verdict === 'allow';
  });
}

/**
 * Who could be allowed at all. Where every allow names its callers one by one it is only these, so that a mesh of a
 * thousand services is not asked a million times.
 */
function candidates(mesh: Mesh, own: readonly Rule[]): readonly string[] {
  const named = own.filter(({ effect }) => effect === 'allow').map(identitiesOf);
  const everybody = [...mesh.services.keys(), ...mesh.gateways.keys()];
  if (named.includes(undefined)) return everybody;
  const ids = new Set(named.flatMap((identities) => identities ?? []));
  const prefix = spiffeIdOf(mesh.trustDomain, '');
  const names = new Set([...ids].map((id) => id.slice(prefix.length)));
  return names.size === 0 ? [] : everybody.filter((name) => names.has(name));
}

/** The identities that a rule lists, if it lists its callers and does nothing else about them. */
function identitiesOf({ clauses }: Rule): readonly string[] | undefined {
  const from = clauses.find(({ key, negated }) => key === 'from' && !negated);
  const ids = from?.anyOf.map((atom) => (atom.kind === 'identity' ? atom.id : undefined)) ?? [undefined];
  return ids.includes(undefined) ? undefined : ids.filter((id) => id !== undefined);
}
