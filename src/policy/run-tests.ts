import { spiffeIdOf } from '../lib/spiffe-id.ts';
import type { Mesh, MeshTest } from '../mesh/mesh.ts';
import { type Decision, evaluate } from './evaluate.ts';
import type { RuleTable } from './rule.ts';

export interface TestOutcome {
  readonly test: MeshTest;
  readonly passed: boolean;
  readonly decision: Decision;
  /** What came instead; undefined if passed. */
  readonly message: string | undefined;
}

export interface TestRun {
  /** In the document's order. */
  readonly outcomes: readonly TestOutcome[];
  /** Names of the policies that decided no test (audits: that matched in none), in the document's order. */
  readonly untested: readonly string[];
}

/** Runs the document's tests: a request to the callee's first HTTP port, by the callee's name as host. */
export function runTests(mesh: Mesh, rules: RuleTable): TestRun {
  const outcomes = mesh.tests.map((test) => runTest(mesh, rules, test));
  const decided = new Set(
    outcomes.flatMap(({ decision: { rule, audits } }) => [
      rule?.policy,
      ...audits.map(({ policy }) => policy),
    ]),
  );
  const untested = mesh.policies.map(({ name }) => name).filter((name) => !decided.has(name));
  return { outcomes, untested };
}

function runTest(mesh: Mesh, rules: RuleTable, test: MeshTest): TestOutcome {
  const spiffeId = test.from.startsWith('spiffe://') ? test.from : spiffeIdOf(mesh.trustDomain, test.from);
  const ports = mesh.services.get(test.to)?.ports ?? [];
  const decision = evaluate(rules, {
    caller: { spiffeId },
    callee: test.to,
    port: ports.find(({ protocol }) => protocol !== 'tcp')?.name ?? '',
    method: test.method,
    path: test.path,
    host: test.to,
    headers: lowerCaseNames(test.headers),
  });
  const message = mismatch(test, decision);
  return { test, passed: message === undefined, decision, message };
}

/** Names that differ in case alone are one header, joined as Envoy joins it. */
function lowerCaseNames(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const joined = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    const before = joined.get(name.toLowerCase());
    joined.set(name.toLowerCase(), before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(joined);
}

const VERDICTS = { allow: 'allowed', deny: 'denied', refused: 'refused' } as const;

function mismatch({ expect, because }: MeshTest, { verdict, rule, why }: Decision): string | undefined {
  const reason = rule?.policy ?? 'default';
  const wrongReason = because !== undefined && because !== reason;
  if (verdict === expect && !wrongReason) return undefined;
  const expected = `expected ${VERDICTS[expect]}${because === undefined ? '' : ` by "${because}"`}`;
  const came =
    verdict === 'refused' ? 'refused' : `${VERDICTS[verdict]} by ${rule ? `"${reason}"` : 'default'}`;
  return `${expected}, but it is ${came}${why === undefined ? '' : `: ${why}`}`;
}
