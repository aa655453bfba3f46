import { expect, test } from 'vitest';
import { pathPatternProblem } from './path-pattern.ts';

test.each([
  '/',
  '/a',
  '/a/',
  '/orders/*/shipping',
  '/products/**',
  '/**',
  '/*',
  '/a%20b',
  "/~a.b-c_d!$&'()+,=:@",
  '/a[0]',
])('%s is a pattern', (pattern) => {
  expect(pathPatternProblem(pattern)).toBeUndefined();
});

test.each([
  ['orders', 'must start with "/"', 'write "/orders"'],
  ['', 'must start with "/"', 'write "/"'],
  ['/a/../b', 'is not normalised', 'write "/b"'],
  ['/a/./b', 'is not normalised', 'write "/a/b"'],
  ['/a//b', 'is not normalised', 'write "/a/b"'],
  ['/a/..', 'is not normalised', 'write "/"'],
  ['/a/b/..', 'is not normalised', 'write "/a/"'],
  ['/%2e%2e/a', 'escapes what needs no escape', 'write "/../a"'],
  ['/s%68ipping', 'escapes what needs no escape', 'write "/shipping"'],
  ['/a%2Fb', 'holds "%2F"', 'leave it out'],
  ['/a%5cb', 'holds "%5c"', 'leave it out'],
  ['/a%00', 'holds "%00"', 'leave it out'],
  ['/a\\b', 'holds "\\\\"', 'leave it out'],
  ['/a;v=1', 'holds ";"', 'leave it out'],
  ['/a?b=1', 'has a query', 'write "/a"'],
  ['/a#b', 'has a fragment', 'write "/a"'],
  ['/a b', 'holds " "', 'write "%20" for it'],
  ['/ü', 'holds "ü"', 'write "%C3%BC" for it'],
  ['/100%', 'holds "%"', 'write "%25" for it'],
  ['/a*', '"*" must be a whole segment', '"*" stands for one segment'],
  ['/a/***', '"*" must be a whole segment', '"*" stands for one segment'],
  ['/**/a', '"**" must be the last segment', 'write "/**"'],
])('%s is none, and says how to write it', (pattern, message, hint) => {
  const problem = pathPatternProblem(pattern);
  expect(problem?.message).toContain(message);
  expect(problem?.hint).toContain(hint);
});
