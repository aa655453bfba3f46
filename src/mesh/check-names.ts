import { type Draft, type Drafted, policyNameOf } from './draft.ts';
import { formatPosition, locatedViolation, nodeAt, violationAt } from './located.ts';
import type { Position } from './mesh.ts';
import { allOf, type Problem, quote } from './problem.ts';
import { hintOf } from './schema-parts.ts';
import { didYouMean } from './suggest.ts';
import type { Violation } from './violation.ts';

/** Services, gateways and groups share one namespace, so that a bare name in `from` means one thing. */
export function* checkNames(draft: Draft): Iterable<Violation> {
  const kinds: readonly (readonly [string, ReadonlyMap<string, Drafted<unknown>>])[] = [
    ['service', draft.services],
    ['gateway', draft.gateways],
    ['group', draft.groups],
  ];
  const seen = new Map<string, { readonly kind: string; readonly keyPosition: Position }>();
  for (const [kind, entries] of kinds) {
    for (const [name, { keyPosition, node }] of entries) {
      const earlier = seen.get(name);
      if (!earlier) seen.set(name, { kind, keyPosition });
      else {
        yield locatedViolation(keyPosition, node.path, {
          message: `${quote(name)} is already the name of a ${earlier.kind} at ${formatPosition(earlier.keyPosition)}`,
          hint: 'services, gateways and groups share their names',
        });
      }
    }
  }
}

/** A policy's name is its id in logs, in verdicts and in `because`. */
export function* checkPolicyNames(draft: Draft): Iterable<Violation> {
  const seen = new Map<string, Position>();
  for (const policy of draft.policies) {
    const name = policyNameOf(policy);
    if (name === undefined) continue;
    const earlier = seen.get(name);
    const { position, path } = nodeAt(policy.node, 'name');
    if (!earlier) seen.set(name, position);
    else {
      yield locatedViolation(position, path, {
        message: `the policy ${quote(name)} is already given at ${formatPosition(earlier)}`,
        hint: 'give each policy a name of its own',
      });
    }
  }
}

/** Members are services and gateways; groups do not nest. */
export function* checkGroups(draft: Draft): Iterable<Violation> {
  for (const { node, entry } of draft.groups.values()) {
    for (const [index, member] of (entry ?? []).entries()) {
      const problem = memberProblem(draft, member);
      if (problem) yield violationAt(node, [index], problem);
    }
  }
}

function memberProblem({ services, gateways, groups }: Draft, member: string): Problem | undefined {
  if (services.has(member) || gateways.has(member)) return undefined;
  if (!groups.has(member))
    return unknownName(member, 'service or gateway', [...services.keys(), ...gateways.keys()]);
  return {
    message: `${quote(member)} is a group: groups do not nest`,
    hint: `list the members of ${quote(member)} instead`,
  };
}

/** Names nothing of the kind: what to say, with the nearest name or all of a few. */
export function unknownName(name: string, kind: string, known: readonly string[]): Problem {
  const near =
    didYouMean(name, known) ??
    (known.length > 0 && known.length <= 8 ? `there are ${allOf(known)}` : undefined);
  return { message: `there is no ${kind} ${quote(name)}`, ...hintOf(near) };
}
