/**
 * The kinds of value that the schema is made of. A schema states what is accepted twice: for people in the problem
 * that it reports (`problem.ts`), for editors in the JSON Schema keywords given as `meta`.
 */
import { z } from 'zod';
import { formatDuration, parseDurationMs } from '../lib/duration.ts';
import { allOf, anyOf, describeValue, encodeProblems, type Problem, quote } from './problem.ts';
import { didYouMean } from './suggest.ts';

/** JSON Schema keywords for editors. */
export interface Meta {
  readonly description?: string;
  readonly pattern?: string;
  readonly examples?: readonly string[];
}

/** What to say of a key that people will try although it is not there. */
export type KnownMistakes = Readonly<Record<string, Problem>>;

export const notYet = (what: string): Problem => ({ message: `${what} is not supported yet` });

/** A mapping with these keys and no others. */
export function closed<Shape extends z.ZodRawShape>(shape: Shape, mistakes: KnownMistakes = {}) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? encodeProblems(...(issue.keys as string[]).map((key) => unknownKey(key, known, mistakes)))
        : undefined,
  });
}

function unknownKey(key: string, known: readonly string[], mistakes: KnownMistakes): Problem {
  if (Object.hasOwn(mistakes, key)) return mistakes[key] as Problem;
  return {
    message: `the key ${quote(key)} is unknown here`,
    hint: didYouMean(key, known) ?? `known are ${allOf(known)}`,
  };
}

/** Text that `problemOf` finds nothing wrong with. */
export function text(problemOf: (text: string) => Problem | undefined, meta: Meta = {}) {
  const schema = z.string().superRefine((value, context) => {
    const problem = problemOf(value);
    if (problem) context.addIssue({ code: 'custom', message: encodeProblems(problem) });
  });
  return schema.meta({ ...meta });
}

/** Any text: what it names is looked up later. */
export const anyText = () => text(() => undefined);

/** Text that is not empty. */
export const someText = (meta: Meta = {}) =>
  text((value) => (value === '' ? { message: 'is empty' } : undefined), meta);

/** One of these words. */
export function oneOf<const Words extends readonly string[]>(words: Words, mistakes: KnownMistakes = {}) {
  return z.enum(words, {
    error: ({ input }) =>
      encodeProblems(
        (typeof input === 'string' && Object.hasOwn(mistakes, input) && mistakes[input]) || {
          message: `must be ${anyOf(words.map(quote))}, found ${describeValue(input)}`,
          ...hintOf(didYouMean(String(input), words)),
        },
      ),
  });
}

/** A whole number, both bounds included. */
export function wholeNumber(least: number, most: number) {
  const error = ({ input }: { readonly input?: unknown }) =>
    encodeProblems({
      message: `must be a whole number from ${least} to ${most}, found ${describeValue(input)}`,
    });
  return z.int({ error }).min(least, { error }).max(most, { error });
}

export const portNumber = () => wholeNumber(1, 65_535);

/** `250ms`, `15s`, `10m`, `24h`, `7d`; both bounds included. Becomes milliseconds. */
export function duration(leastMs: number, mostMs: number) {
  const problemOf = (input: unknown): Problem | undefined => {
    const bounds = `from ${formatDuration(leastMs)} to ${formatDuration(mostMs)}`;
    const message = `must be a duration ${bounds}, found ${describeValue(input)}`;
    if (typeof input === 'number') return { message, hint: `write the unit: "${input}s" or "${input}ms"` };
    if (typeof input !== 'string') return { message, hint: 'for example "15s"' };
    const ms = parseDurationMs(input);
    if (ms === undefined) return { message, hint: 'for example "15s"; the units are ms, s, m, h and d' };
    return ms < leastMs || ms > mostMs ? { message } : undefined;
  };
  const error = ({ input }: { readonly input?: unknown }) => {
    const problem = problemOf(input);
    return problem && encodeProblems(problem);
  };
  return z
    .string({ error })
    .superRefine((value, context) => {
      const problem = problemOf(value);
      if (problem) context.addIssue({ code: 'custom', message: encodeProblems(problem) });
    })
    .meta({ pattern: '^[0-9]{1,9}(ms|s|m|h|d)$', examples: ['15s'] })
    .transform((value) => parseDurationMs(value) ?? 0);
}

/** A list that is not empty. */
export function list<Item extends z.ZodType>(item: Item) {
  return z.array(item).min(1, {
    error: () =>
      encodeProblems({ message: 'is an empty list', hint: 'leave the key out, or list something' }),
  });
}

/** One, or a list of them that is not empty. Becomes a list. */
export function oneOrMore<Item extends z.ZodType>(item: Item) {
  return z
    .union([item, list(item)])
    .transform((value) => (Array.isArray(value) ? value : [value]) as z.output<Item>[]);
}

/** A `hint` key only where there is a hint. */
export const hintOf = (hint: string | undefined) => (hint === undefined ? {} : { hint });
