import { unknownName } from './check-names.ts';
import { type Draft, policyNameOf } from './draft.ts';
import { violationAt } from './located.ts';
import { ruleOf } from './policy-schema.ts';
import { type Problem, quote } from './problem.ts';
import type { Salvaged } from './salvage.ts';
import type { TestEntry } from './test-schema.ts';
import type { Violation } from './violation.ts';

/** Every name in a test is something, and its verdict is one that could come about. */
export function* checkTests(draft: Draft): Iterable<Violation> {
  const policies = new Map(draft.policies.map((policy) => [policyNameOf(policy) ?? '', policy.entry]));
  for (const { node, parts = {} } of draft.tests) {
    const problems: readonly (readonly [keyof TestEntry, Problem | undefined])[] = [
      ['from', parts.from === undefined ? undefined : callerProblem(draft, parts.from)],
      ['to', parts.to === undefined ? undefined : calleeProblem(draft, parts.to)],
      ['because', reasonProblem(policies, parts)],
    ];
    for (const [key, problem] of problems) if (problem) yield violationAt(node, [key], problem);
  }
}

function callerProblem({ services, gateways, trustDomain }: Draft, from: string): Problem | undefined {
  if (services.has(from) || gateways.has(from)) return undefined;
  const prefix = `spiffe://${trustDomain ?? ''}/`;
  if (!from.startsWith('spiffe://')) {
    return unknownName(from, 'service or gateway', [...services.keys(), ...gateways.keys()]);
  }
  const segments = from.slice(prefix.length).split('/');
  const isOurs = trustDomain === undefined || from.startsWith(prefix);
  if (isOurs && segments.every((segment) => /^(?!\.\.?$)[A-Za-z0-9._-]+$/.test(segment))) return undefined;
  return {
    message: `${quote(from)} is no SPIFFE ID of this trust domain`,
    hint: `for example "${prefix}orders"`,
  };
}

function calleeProblem({ services, gateways, groups }: Draft, to: string): Problem | undefined {
  if (services.has(to)) return undefined;
  if (gateways.has(to)) return { message: `${quote(to)} is a gateway: a test calls a service` };
  if (groups.has(to)) return { message: `${quote(to)} is a group: a test calls one service` };
  return unknownName(to, 'service', [...services.keys()]);
}

function reasonProblem(
  policies: ReadonlyMap<string, Draft['policies'][number]['entry']>,
  { because, expect }: Salvaged<TestEntry>,
): Problem | undefined {
  if (because === undefined) return undefined;
  if (because !== 'default' && !policies.has(because)) {
    return unknownName(because, 'policy', [...policies.keys(), 'default']);
  }
  if (expect === 'refused') {
    return { message: 'a refused path has no policy to name', hint: 'remove "because"' };
  }
  const effect = because === 'default' ? 'deny' : ruleOf(policies.get(because))?.effect;
  if (expect === undefined || effect === undefined || effect === expect) return undefined;
  return { message: `${quote(because)} never decides ${quote(expect)}: its effect is ${quote(effect)}` };
}
