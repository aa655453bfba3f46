import { describe, expect, it } from 'vitest';
import { normalisePath } from './normalise-path.ts';

/** Raw path, and what the router of Envoy 1.40 saw of it; found by sending each to the real binary. */
const MEASURED: readonly (readonly [string, string])[] = [
  ['/', '/'],
  ['/a', '/a'],
  ['/A/b', '/A/b'],
  ['/a/', '/a/'],
  // dot segments, above the root too
  ['/a/.', '/a/'],
  ['/a/./b', '/a/b'],
  ['/a/..', '/'],
  ['/a/b/..', '/a/'],
  ['/a/b/../', '/a/'],
  ['/a/../b', '/b'],
  ['/..', '/'],
  ['/../../a', '/a'],
  ['/.', '/'],
  ['/a/...', '/a/...'],
  ['/a/..b', '/a/..b'],
  ['/C:/../b', '/b'],
  // escaped dots
  ['/a/%2e%2e/b', '/b'],
  ['/a/%2E%2E/b', '/b'],
  ['/a/.%2e/b', '/b'],
  ['/a/%2e', '/a/'],
  ['/a/%2e%2e%2e', '/a/...'],
  // slashes are merged after dots are removed: ".." takes an empty segment away
  ['/a//b', '/a/b'],
  ['//a', '/a'],
  ['/a///b//', '/a/b/'],
  ['/a//../b', '/a/b'],
  ['/a/b//../c', '/a/b/c'],
  ['//', '//'],
  ['///', '//'],
  ['/./../..//', '//'],
  // backslashes
  ['/a\\b', '/a/b'],
  ['/a\\..\\b', '/b'],
  ['/a/..\\b', '/b'],
  ['/\\', '//'],
  // path parameters of dots as such are taken off, up to a slash; of escaped dots they are not
  ['/a;b', '/a;b'],
  ['/a;b/../c', '/c'],
  ['/a/..;/b', '/b'],
  ['/a/.;x=1/b', '/a/b'],
  ['/a/.;x\\b', '/a/'],
  ['/a/..;%00', '/'],
  ['/a/...;/b', '/a/...;/b'],
  ['/a/%2e%2e;/b', '/a/..;/b'],
  ['/a%3bb', '/a%3bb'],
  // escapes: unreserved characters are decoded, the rest keeps its case
  ['/a%37', '/a7'],
  ['/a%41%61', '/aAa'],
  ['/a%2d%2D%5f%7e', '/a--_~'],
  ['/a%c3%A9', '/a%c3%A9'],
  ['/a%20%3a%3D%40%2a', '/a%20%3a%3D%40%2a'],
  ['/a%01%0a%7f%ff', '/a%01%0a%7f%ff'],
  ['/a%3fb%23', '/a%3fb%23'],
  ['/a%2525', '/a%2525'],
  ['/a%252f', '/a%252f'],
  // what is no escape stays, and never becomes one
  ['/a%zz', '/a%zz'],
  ['/a%', '/a%'],
  ['/a%2', '/a%2'],
  ['/%%37', '/%7'],
  ['/a%%32fb', '/a%252fb'],
  ['/a%2%66b', '/a%252fb'],
  ['/a%%30%30', '/a%2500'],
  ['/a/%%32e%%32e/b', '/a/%252e%252e/b'],
  ['/a%%4%42%43', '/a%%254BC'],
  // characters that are escaped or not
  ['/a"<>^`{|}', '/a%22%3C%3E%5E%60%7B%7C%7D'],
  ["/a!$&'()*+,:=@[]_~-", "/a!$&'()*+,:=@[]_~-"],
  ['/*', '/*'],
  // the query ends it, and is not looked at
  ['/a?', '/a'],
  ['/a/../b?c=/../d', '/b'],
  ['/a?b=//%2f%5c%00\\;', '/a'],
  ['/a/..?x', '/'],
  ['/?x=//y', '/'],
];

const REFUSED: readonly (readonly [string, string])[] = [
  ['', 'does not start with "/"'],
  ['*', 'does not start with "/"'],
  ['a', 'does not start with "/"'],
  ['?a', 'does not start with "/"'],
  ['\\a', 'does not start with "/"'],
  ['/a%2fb', '"%2f"'],
  ['/a%2Fb', '"%2f"'],
  ['/a/..%2fb', '"%2f"'],
  ['/a%5cb', '"%5c"'],
  ['/a%5Cb', '"%5c"'],
  ['/a%00', '"%00"'],
  ['/a%00/../b', '"%00"'],
  ['/a%%00', '"%00"'],
  ['/a#b', '"#"'],
  ['/a?b#c', '"#"'],
  ['/a b', 'blank'],
  ['/a\tb', 'control character'],
  ['/a\0b', 'control character'],
  ['/a\x7f', 'control character'],
  ['/é', 'beyond ASCII'],
  ['/a?é', 'beyond ASCII'],
  [`/${'a'.repeat(61_440)}`, 'longer than'],
];

describe('normalisePath', () => {
  it.each(MEASURED)('makes of %j what Envoy makes of it: %j', (raw, path) => {
    expect(normalisePath(raw)).toEqual({ ok: true, path });
  });

  it.each(REFUSED)('refuses %j, as Envoy does, and says that it is for %j', (raw, why) => {
    expect(normalisePath(raw)).toEqual({ ok: false, why: expect.stringContaining(why) });
  });

  it('takes long paths, also of nothing but dots and slashes', () => {
    expect(normalisePath(`/${'a'.repeat(20_000)}`)).toEqual({ ok: true, path: `/${'a'.repeat(20_000)}` });
    expect(normalisePath(`/${'a/../'.repeat(10_000)}b`)).toEqual({ ok: true, path: '/b' });
    expect(normalisePath(`/a${'/'.repeat(50_000)}`)).toEqual({ ok: true, path: '/a/' });
  });
});
