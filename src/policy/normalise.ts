/**
 * The policy layer: who may do what, decided the same way everywhere. `normalise` turns the policies of a mesh into
 * rules, `evaluate.ts` answers a call from them, `reach.ts` who could ever call whom, `explain.ts` why and what would
 * change the answer. The compiler makes Envoy's RBAC from the same rules. All of it is pure, and must not know Envoy's
 * resources, nor where a call or a mesh comes from.
 */
import type { Conditions, Mesh, Policy } from '../mesh/mesh.ts';
import { hostAtom } from './host-pattern.ts';
import { pathAtom } from './path-pattern.ts';
import { principalAtoms } from './principal-atoms.ts';
import type { Atom, Clause, ClauseKey, Rule, RuleTable } from './rule.ts';

/**
 * One rule for each policy and callee, in document order.
 * @throws ControlPlaneError `ERR_STATE` if the mesh was not checked: a group that has no members
 */
export function normalise(mesh: Mesh): RuleTable {
  const table = new Map<string, Rule[]>([...mesh.services.keys()].map((service) => [service, []]));
  for (const policy of mesh.policies) {
    const clauses = clausesOf(mesh, policy);
    for (const callee of policy.to) {
      const rules = table.get(callee) ?? [];
      rules.push({
        id: ruleId(rules.length + 1, policy.name),
        policy: policy.name,
        effect: policy.effect,
        callee,
        clauses,
        position: policy.position,
      });
      table.set(callee, rules);
    }
  }
  return table;
}

/** The text of `policyId` in `proto/names.ts`, which this layer does not import; a test holds the two together. */
const ruleId = (order: number, policy: string) => `${String(order).padStart(4, '0')}-${policy}`;

function clausesOf(mesh: Mesh, { from, where, not }: Policy): readonly Clause[] {
  const clauses = (conditions: Conditions, negated: boolean) =>
    disjunctions(mesh, conditions).map(([key, anyOf]) => ({ key, negated, anyOf }));
  return [...clauses({ from, ...where }, false), ...clauses(not, true)];
}

function disjunctions(
  mesh: Mesh,
  conditions: Conditions,
): readonly (readonly [ClauseKey, readonly Atom[]])[] {
  const { from, ports, methods, hosts, paths, headers = {} } = conditions;
  const listed: readonly (readonly [ClauseKey, readonly Atom[] | undefined])[] = [
    ['from', from?.flatMap((principal) => principalAtoms(mesh, principal))],
    ['ports', ports?.map((name) => ({ kind: 'port', name }))],
    ['methods', methods?.map((method) => ({ kind: 'method', method }))],
    ['hosts', hosts?.map(hostAtom)],
    ['paths', paths?.map(pathAtom)],
    ...Object.entries(headers).map(
      ([name, match]) => [`headers.${name}`, [{ kind: 'header', name, match }]] as const,
    ),
  ];
  return listed.flatMap(([key, anyOf]) => (anyOf === undefined ? [] : [[key, anyOf] as const]));
}
