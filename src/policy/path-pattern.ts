import { RE2JS } from 're2js';
import type { Atom } from './rule.ts';

type PathAtom = Extract<Atom, { kind: 'exactPath' | 'pathPattern' }>;

/**
 * What a path pattern of the document matches: `*` is one non-empty segment, a last `**` zero or more. So `/a/**`
 * matches `/a`, `/a/` and `/a/b/c`, and `/**` every path.
 */
export function pathAtom(written: string): PathAtom {
  const segments = written.slice(1).split('/');
  if (!segments.includes('*') && segments.at(-1) !== '**') return { kind: 'exactPath', path: written };
  const isOpen = segments.at(-1) === '**';
  const fixed = isOpen ? segments.slice(0, -1) : segments;
  const head = fixed.map((segment) => (segment === '*' ? '/[^/]+' : `/${RE2JS.quote(segment)}`)).join('');
  const regex = isOpen ? (head === '' ? '/.*' : `${head}(/.*)?`) : head;
  return { kind: 'pathPattern', written, regex };
}
