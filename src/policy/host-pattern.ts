import { RE2JS } from 're2js';
import type { Atom } from './rule.ts';

type HostAtom = Extract<Atom, { kind: 'host' }>;

/** A port and the dot of a fully qualified name do not change which host is meant (RFC 3986, section 3.2.2). */
const DOT_AND_PORT = '\\.?(:[0-9]+)?';

/** What a host pattern of the document matches in `:authority`: `*`, `*.suffix` (one or more labels) or a name. */
export function hostAtom(written: string): HostAtom {
  if (written === '*') return { kind: 'host', written, regex: '.*' };
  const isOpen = written.startsWith('*.');
  const name = RE2JS.quote(isOpen ? written.slice(2) : written);
  const labels = isOpen ? '([a-z0-9_-]+\\.)+' : '';
  return { kind: 'host', written, regex: `(?i)${labels}${name}${DOT_AND_PORT}` };
}
