/** The narrowest that a policy's `paths` can say about one path. */
export interface PathForPolicy {
  /** undefined: a policy that names paths cannot allow this one. */
  readonly pattern: string | undefined;
  /** What the pattern matches besides the path; undefined: nothing. */
  readonly caveat: string | undefined;
}

/** RFC 3986, section 3.3, without `*`, which stands for any segment, and `;`, which is refused where paths are named. */
const WRITABLE = /^(?:[A-Za-z0-9\-._~!$&'()+,=:@]|%[0-9A-Fa-f]{2})+$/;
const MAX_LENGTH = 1024;

/** @param path normalised, without the query */
export function pathForPolicy(path: string): PathForPolicy {
  if (path.includes(';')) {
    return { pattern: undefined, caveat: 'every path: one with ";" is refused where policies name paths' };
  }
  const segments = path.slice(1).split('/');
  if (segments.slice(0, -1).includes('')) {
    return { pattern: undefined, caveat: `every path: no pattern can say "${path}"` };
  }
  const written = segments.map((segment) => (segment === '' || WRITABLE.test(segment) ? segment : '*'));
  const pattern = shortened(written);
  if (pattern === path && !segments.includes('*')) return { pattern, caveat: undefined };
  return { pattern, caveat: `whatever "${pattern}" matches: no pattern can say this path alone` };
}

function shortened(segments: readonly string[]): string {
  const pattern = `/${segments.join('/')}`;
  if (pattern.length <= MAX_LENGTH) return pattern;
  const kept: string[] = [];
  for (const segment of segments) {
    if (['', ...kept, segment, '**'].join('/').length > MAX_LENGTH) break;
    kept.push(segment);
  }
  return ['', ...kept, '**'].join('/');
}
