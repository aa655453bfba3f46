import { type Draft, type Drafted, policyNameOf } from './draft.ts';
import { formatPosition, locatedViolation, violationAt } from './located.ts';
import type { Position } from './mesh.ts';
import { allOf, quote } from './problem.ts';
import { hintOf } from './schema-parts.ts';
import { didYouMean } from './suggest.ts';
import type { Violation } from './violation.ts';

type Kind = 'service' | 'gateway' | 'group';

/** Services, gateways and groups share one namespace, so that a bare name in `from` means one thing. */
export function checkNames(draft: Draft): readonly Violation[] {
  const kinds: readonly (readonly [Kind, ReadonlyMap<string, Drafted<unknown>>])[] = [
    ['service', draft.services],
    ['gateway', draft.gateways],
    ['group', draft.groups],
  ];
  const seen = new Map<string, { readonly kind: Kind; readonly keyPosition: Position }>();
  const violations: Violation[] = [];
  for (const [kind, entries] of kinds) {
    for (const [name, { keyPosition, node }] of entries) {
      const earlier = seen.get(name);
      if (!earlier) seen.set(name, { kind, keyPosition });
      else {
        const message = `${quote(name)} is already the name of a ${earlier.kind} at ${formatPosition(earlier.keyPosition)}`;
        violations.push(
          locatedViolation(keyPosition, node.path, {
            message,
            hint: 'services, gateways and groups share their names',
          }),
        );
      }
    }
  }
  return [...violations, ...checkPolicyNames(draft)];
}

function checkPolicyNames(draft: Draft): readonly Violation[] {
  const seen = new Map<string, Position>();
  return draft.policies.flatMap((policy) => {
    const name = policyNameOf(policy);
    if (name === undefined) return [];
    const earlier = seen.get(name);
    const violation = violationAt(policy.node, ['name'], {
      message: `the policy ${quote(name)} is already given${earlier ? ` at ${formatPosition(earlier)}` : ''}`,
      hint: 'give each policy a name of its own',
    });
    if (!earlier) seen.set(name, violation);
    return earlier ? [violation] : [];
  });
}

/** Members are services and gateways; groups do not nest. */
export function checkGroups(draft: Draft): readonly Violation[] {
  return [...draft.groups.values()].flatMap(({ node, entry }) =>
    (entry ?? []).flatMap((member, index) => {
      if (draft.services.has(member) || draft.gateways.has(member)) return [];
      if (draft.groups.has(member)) {
        const hint = `list the members of "${member}" instead`;
        return [
          violationAt(node, [index], { message: `${quote(member)} is a group: groups do not nest`, hint }),
        ];
      }
      const problem = unknownName(member, 'service or gateway', [
        ...draft.services.keys(),
        ...draft.gateways.keys(),
      ]);
      return [violationAt(node, [index], problem)];
    }),
  );
}

/** Names nothing of the kind: what to say, with the nearest name or all of a few. */
export function unknownName(name: string, kind: string, known: readonly string[]) {
  const near =
    didYouMean(name, known) ??
    (known.length > 0 && known.length <= 8 ? `there are ${allOf(known)}` : undefined);
  return { message: `there is no ${kind} ${quote(name)}`, ...hintOf(near) };
}
