import type { z } from 'zod';
import { type Key, keyViolationAt, type Located, violationAt } from './located.ts';
import { anyOf, decodeProblems, describeValue, type Problem, quote } from './problem.ts';
import type { Violation } from './violation.ts';

type Issue = z.core.$ZodIssue;

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

const NO_VALUE: Problem = { message: 'has no value', hint: 'write one, or leave the key out' };

/** What the schema found, in people's words and with places: of the key for keys, of the value for all else. */
export function schemaViolations(root: Located, schema: z.ZodType): readonly Violation[] {
  const result = schema.safeParse(root.data, { reportInput: true });
  return result.success ? [] : result.error.issues.flatMap((issue) => violationsOf(root, [], issue));
}

function violationsOf(root: Located, above: readonly Key[], issue: Issue): readonly Violation[] {
  const path = [...above, ...(issue.path as Key[])];
  if (issue.code === 'unrecognized_keys') {
    const problems = decodeProblems(issue.message) ?? [];
    return issue.keys.map((key, index) => keyViolationAt(root, [...path, key], problems[index] as Problem));
  }
  if (issue.code === 'invalid_key') {
    const problems = issue.issues.flatMap((inner) => decodeProblems(inner.message) ?? []);
    return problems.map((problem) => keyViolationAt(root, path, problem));
  }
  if (issue.input === undefined && issue.code !== 'custom') return [missing(root, path)];
  if (issue.input === null) return [violationAt(root, path, NO_VALUE)];
  if (issue.code === 'invalid_union') {
    const branch = issue.errors.find((issues) => !issues.some(isOfAnotherKind));
    if (branch) return branch.flatMap((inner) => violationsOf(root, path, inner));
  }
  const problems = decodeProblems(issue.message) ?? [unexpected(issue)];
  return problems.map((problem) => violationAt(root, path, problem));
}

function missing(root: Located, path: readonly Key[]): Violation {
  const key = String(path.at(-1));
  return keyViolationAt(root, path.slice(0, -1), {
    message: `${quote(key)} is missing`,
    hint: `add "${key}: …"`,
  });
}

/** True if the value is not even of the kind that this branch of a union is about. */
function isOfAnotherKind(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_union') return issue.errors.every((issues) => issues.some(isOfAnotherKind));
  if (issue.code === 'invalid_value')
    return issue.values.every((value) => typeof value !== typeof issue.input);
  return issue.code === 'invalid_type';
}

function unexpected(issue: Issue): Problem {
  const wanted = [...new Set(acceptedKinds(issue))];
  return { message: `must be ${anyOf(wanted)}, found ${describeValue(issue.input)}` };
}

function acceptedKinds(issue: Issue): readonly string[] {
  if (issue.code === 'invalid_union') return issue.errors.flatMap((issues) => issues.flatMap(acceptedKinds));
  if (issue.code === 'invalid_type') return [KINDS[issue.expected] ?? issue.expected];
  if (issue.code === 'invalid_value') return issue.values.map((value) => quote(value));
  return [];
}
