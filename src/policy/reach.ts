import { spiffeIdOf } from '../lib/spiffe-id.ts';
import type { Mesh } from '../mesh/mesh.ts';
import { evaluateTcp } from './evaluate.ts';
import type { Facts, Truth } from './match-atom.ts';
import { matchRule } from './match-rule.ts';
import type { RuleTable } from './rule.ts';

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

/** Names of the services and gateways that may open a connection to this TCP port, in document order. */
export function callersOf(rules: RuleTable, mesh: Mesh, callee: string, port: string): readonly string[] {
  return [...mesh.services.keys(), ...mesh.gateways.keys()].filter((name) => {
    const caller = { spiffeId: spiffeIdOf(mesh.trustDomain, name) };
    return evaluateTcp(rules, { caller, callee, port }).verdict === 'allow';
  });
}
