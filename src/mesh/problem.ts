/** What is wrong, in people's words, without the place: what a `Violation` says. */
export interface Problem {
  /** Lower case, no full stop, quotes the input. */
  readonly message: string;
  /** What to do. */
  readonly hint?: string;
}

const MAX_QUOTED = 80;

/** The input as JSON, cut short: control characters cannot reach a terminal, nor a megabyte a log. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
}

/** What was found where something else was wanted: `"abc"`, `15`, `a list`, `a mapping`. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a mapping' : quote(value);
}

/** `a, b or c`. */
export const anyOf = (words: readonly string[]) => joined(words, 'or');

/** `a, b and c`. */
export const allOf = (words: readonly string[]) => joined(words, 'and');

function joined(words: readonly string[], conjunction: string): string {
  const last = words.at(-1) ?? 'nothing';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} ${conjunction} ${last}`;
}

/** Zod carries one text for each issue, so problems travel in it as JSON. */
export function encodeProblems(...problems: readonly Problem[]): string {
  return JSON.stringify(problems);
}

/** The problems in an issue's text; undefined if it is Zod's own wording. */
export function decodeProblems(text: string): readonly Problem[] | undefined {
  return text.startsWith('[{"message":') ? (JSON.parse(text) as Problem[]) : undefined;
}
