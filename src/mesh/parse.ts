/**
 * The mesh layer: what people wrote, to the `Mesh` that everything else reads. Text becomes a tree of located data
 * (`source.ts`), the files of a folder become one tree (`merge-files.ts`), the schema looks at its shape
 * (`document-schema.ts`), the checks at what refers to what (`check-*.ts`), and `resolve.ts` makes the mesh. It must not
 * know Envoy's resources, how policies are evaluated, or where the files come from (`read.ts` alone does).
 */
import { checkGateways } from './check-gateways.ts';
import { checkGroups, checkNames, checkPolicyNames } from './check-names.ts';
import { checkPolicies } from './check-policies.ts';
import { checkSettings } from './check-settings.ts';
import { checkTests } from './check-tests.ts';
import { checkUnique } from './check-unique.ts';
import { documentSchema } from './document-schema.ts';
import { type Draft, draftOf } from './draft.ts';
import { mergeFiles } from './merge-files.ts';
import type { Mesh } from './mesh.ts';
import { resolve } from './resolve.ts';
import { schemaViolations } from './schema-violations.ts';
import { parseSource, type SourceFile } from './source.ts';
import type { Violation } from './violation.ts';

export type ParseResult =
  | { readonly ok: true; readonly mesh: Mesh }
  /** By file, line and column. */
  | { readonly ok: false; readonly violations: readonly Violation[] };

const CHECKS: readonly ((draft: Draft) => Iterable<Violation>)[] = [
  checkNames,
  checkPolicyNames,
  checkGroups,
  checkUnique,
  checkSettings,
  checkGateways,
  checkPolicies,
  checkTests,
];

/** Nobody reads further, and finding what was meant by each of a million wrong names takes time. */
const MAX_VIOLATIONS = 1_000;

/**
 * Parses and checks a document: one file, or the files of a folder in name order (at least one). Never throws;
 * everything that is wrong is reported at once, up to a thousand violations. Only a file that is no YAML hides what its
 * own content, and references to it, would say.
 */
export function parseMesh(files: readonly SourceFile[]): ParseResult {
  const sources = files.map(parseSource);
  const faults = sources.flatMap((source) => (source.ok ? [] : source.violations));
  const roots = sources.flatMap(({ root }) => (root ? [root] : []));
  if (roots.length < sources.length)
    return { ok: false, violations: sorted(faults).slice(0, MAX_VIOLATIONS) };

  const merged = mergeFiles(roots);
  const draft = draftOf(merged.root);
  const violations: Violation[] = [];
  for (const violation of violationsOf(draft, [...faults, ...merged.violations])) {
    if (violations.push(violation) === MAX_VIOLATIONS) break;
  }
  return violations.length > 0
    ? { ok: false, violations: sorted(violations) }
    : { ok: true, mesh: resolve(draft) };
}

function* violationsOf(draft: Draft, found: readonly Violation[]): Iterable<Violation> {
  yield* found;
  yield* schemaViolations(draft.root, documentSchema);
  for (const check of CHECKS) yield* check(draft);
}

function sorted(violations: readonly Violation[]): readonly Violation[] {
  return violations.toSorted((a, b) => compareText(a.file, b.file) || a.line - b.line || a.column - b.column);
}

/** By code unit: the same everywhere, whatever the locale. */
const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
