import { RE2JS } from 're2js';
import { z } from 'zod';
import { messageOf } from '../lib/errors.ts';
import type { HeaderMatch } from './mesh.ts';
import { encodeProblems, type Problem, quote } from './problem.ts';
import { closed, hintOf, text } from './schema-parts.ts';
import { didYouMean } from './suggest.ts';

/** RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/;
const MAX_REGEX = 256;
const MAX_REGEX_PROGRAM = 1_000;

/** What says the same and is safe to match. */
const OTHER_KEY: ReadonlyMap<string, string> = new Map([
  [':method', 'methods'],
  [':path', 'paths'],
  [':authority', 'hosts'],
  ['host', 'hosts'],
  ['x-forwarded-client-cert', 'from'],
]);

/** What is wrong with the name of a header that a policy matches. */
export function headerNameProblem(name: string): Problem | undefined {
  const lower = name.toLowerCase();
  const key = OTHER_KEY.get(lower);
  if (key !== undefined)
    return { message: `the header ${quote(name)} is matched by the key "${key}"`, hint: `write "${key}: …"` };
  if (lower.startsWith('x-envoy-')) {
    return {
      message: `${quote(name)} never arrives: headers x-envoy-* from outside are stripped`,
      hint: 'choose another header',
    };
  }
  return TOKEN.test(name) ? undefined : { message: `${quote(name)} cannot be the name of a header` };
}

function valueProblem(value: string): Problem | undefined {
  if (value === '') return { message: 'is empty', hint: 'write { present: true } to ask for any value' };
  return undefined;
}

/** HTTP strips the space around a value (RFC 9110, section 5.5), so nothing would ever match. */
function trimmedProblem(value: string): Problem | undefined {
  if (value === value.trim()) return valueProblem(value);
  return { message: `${quote(value)} begins or ends with a space, which no header does` };
}

function regexProblem(source: string): Problem | undefined {
  if (source === '') return valueProblem(source);
  if (source.length > MAX_REGEX) return { message: `is longer than ${MAX_REGEX} characters` };
  try {
    if (RE2JS.compile(source).programSize() <= MAX_REGEX_PROGRAM) return undefined;
    return { message: 'is too large a regular expression', hint: 'shorten it, or lower its {…} counts' };
  } catch (error) {
    const hint = 'RE2 syntax: no look-around and no back-references';
    return { message: `${quote(source)} is no regular expression: ${messageOf(error)}`, hint };
  }
}

const matchers = {
  prefix: text(valueProblem).describe('What the value starts with.').optional(),
  suffix: text(valueProblem).describe('What the value ends with.').optional(),
  regex: text(regexProblem).describe('A regular expression (RE2 syntax) for the whole value.').optional(),
  present: z
    .boolean()
    .describe('true: the header is there, whatever its value; false: it is not.')
    .optional(),
};

const mapping = closed(matchers, {
  exact: {
    message: 'an exact value is written without a key',
    hint: 'write the text itself: x-tenant: "eu-1"',
  },
})
  .superRefine((match, context) => {
    const given = Object.keys(match);
    if (given.length === 1) return;
    const message = `must have exactly one of "prefix", "suffix", "regex" and "present", has ${given.length}`;
    context.addIssue({ code: 'custom', message: encodeProblems({ message }) });
  })
  .meta({ minProperties: 1, maxProperties: 1 });

const headerMatch = z.union([text(trimmedProblem), mapping]).transform((match): HeaderMatch => {
  if (typeof match === 'string') return { kind: 'exact', value: match };
  if (match.present !== undefined) return { kind: 'present', value: match.present };
  const [kind, value] = Object.entries(match)[0] as ['prefix' | 'suffix' | 'regex', string];
  return { kind, value };
});

/** Matches by header name, stored in lower case. */
export const headerMatches = z.record(text(headerNameProblem), headerMatch).transform((headers, context) => {
  const lower: Record<string, HeaderMatch> = {};
  for (const [name, match] of Object.entries(headers)) {
    const key = name.toLowerCase();
    if (Object.hasOwn(lower, key)) {
      const message = encodeProblems({
        message: `the header ${quote(key)} is given twice: case does not matter`,
      });
      context.addIssue({ code: 'custom', path: [name], message });
    }
    lower[key] = match;
  }
  return lower;
});

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const METHOD = /^[A-Z][A-Z0-9_-]{0,31}$/;

/** What is wrong with the name of a method; methods are case-sensitive (RFC 9110, section 9.1). */
export function methodProblem(method: string): Problem | undefined {
  if (METHOD.test(method)) return undefined;
  if (method === '*')
    return { message: '"*" is no method', hint: 'leave "methods" out to allow every method' };
  const upper = method.toUpperCase();
  const hint = METHOD.test(upper) ? (didYouMean(upper, METHODS) ?? `write "${upper}"`) : undefined;
  return { message: `${quote(method)} is no method: methods are written in capitals`, ...hintOf(hint) };
}
