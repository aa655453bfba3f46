import { type Problem, quote } from './problem.ts';
import { hintOf } from './schema-parts.ts';

const MAX_LENGTH = 1024;

/** Envoy answers 400 to a request with one of these (path normalisation), so no pattern can ever match it. */
const REFUSED = [/%2f/i, /%5c/i, /%00/i, /\\/, /;/];

/** What stands in a path as itself: RFC 3986, section 3.3, without ";", which is refused; Envoy leaves brackets, too. */
const PATH_CHARACTER = /[A-Za-z0-9\-._~!$&'()*+,=:@/[\]]/;
const UNRESERVED = /[A-Za-z0-9\-._~]/;
const ESCAPE = /%([0-9A-Fa-f]{2})/g;

/**
 * What is wrong with a path pattern. Patterns are compared with paths after Envoy normalised them (RFC 3986, section
 * 6.2.2), so one that is not normalised itself would silently match nothing: a deny that never denies.
 */
export function pathPatternProblem(pattern: string): Problem | undefined {
  if (!pattern.startsWith('/')) {
    return { message: `${quote(pattern)} must start with "/"`, hint: `write ${quote(`/${pattern}`)}` };
  }
  if (pattern.length > MAX_LENGTH) return { message: `is longer than ${MAX_LENGTH} characters` };
  return (
    queryProblem(pattern) ?? refusedProblem(pattern) ?? escapeProblem(pattern) ?? segmentProblem(pattern)
  );
}

function queryProblem(pattern: string): Problem | undefined {
  const end = pattern.search(/[?#]/);
  if (end === -1) return undefined;
  const what = pattern[end] === '?' ? 'query' : 'fragment';
  return {
    message: `${quote(pattern)} has a ${what}: paths are matched without it`,
    hint: `write ${quote(pattern.slice(0, end))}`,
  };
}

function refusedProblem(pattern: string): Problem | undefined {
  const found = REFUSED.map((refused) => refused.exec(pattern)?.[0]).find((match) => match !== undefined);
  if (found === undefined) return undefined;
  return {
    message: `${quote(pattern)} holds ${quote(found)}: a request whose path holds it is refused before policies are asked`,
    hint: 'leave it out, or write "*" for the segment',
  };
}

function escapeProblem(pattern: string): Problem | undefined {
  const plain = decodeUnreserved(pattern);
  if (plain !== pattern) {
    return { message: `${quote(pattern)} escapes what needs no escape`, hint: `write ${quote(plain)}` };
  }
  const bare = pattern.replace(ESCAPE, '');
  const odd = [...bare].find((character) => !PATH_CHARACTER.test(character));
  if (odd === undefined) return undefined;
  return {
    message: `${quote(pattern)} holds ${quote(odd)}, which stands escaped in a path`,
    hint: `write ${quote(encodeURIComponent(odd))} for it`,
  };
}

function segmentProblem(pattern: string): Problem | undefined {
  const segments = pattern.slice(1).split('/');
  const normal = normalise(segments);
  if (normal !== pattern) {
    return {
      message: `${quote(pattern)} is not normalised: no request's path looks like this when policies are asked`,
      hint: `write ${quote(normal)}`,
    };
  }
  const wild = segments.find((segment) => segment.includes('*') && segment !== '*' && segment !== '**');
  if (wild !== undefined) {
    return {
      message: `in ${quote(pattern)}, "*" must be a whole segment, found ${quote(wild)}`,
      hint: '"*" stands for one segment, a last "**" for any number',
    };
  }
  const early = segments.indexOf('**');
  if (early === -1 || early === segments.length - 1) return undefined;
  return {
    message: `in ${quote(pattern)}, "**" must be the last segment`,
    ...hintOf(
      `write ${quote(`/${segments.slice(0, early + 1).join('/')}`)}, or "*" for each segment between`,
    ),
  };
}

function decodeUnreserved(pattern: string): string {
  return pattern.replace(ESCAPE, (escape, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return UNRESERVED.test(character) ? character : escape;
  });
}

/** Without empty, "." and ".." segments, but with the last slash if there is one. */
function normalise(segments: readonly string[]): string {
  const kept: string[] = [];
  for (const segment of segments) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  const endsInSlash = ['', '.', '..'].includes(segments.at(-1) ?? '') && kept.length > 0;
  return `/${kept.join('/')}${endsInSlash ? '/' : ''}`;
}
