import { BlockList, isIP } from 'node:net';
import { RE2JS } from 're2js';
import type { HeaderMatch } from '../mesh/mesh.ts';
import type { Atom } from './rule.ts';

/** What is known of a call. What is left out is unknown, not absent. */
export interface Facts {
  readonly spiffeId: string;
  /** Of the connection's other end: an IP address. */
  readonly address: string | undefined;
  readonly port: string;
  readonly request: Request | undefined;
}

interface Request {
  readonly method: string;
  /** Normalised, without the query. */
  readonly path: string;
  readonly host: string;
  /** By lower-case name; the values of a repeated header joined with ",". */
  readonly headers: Readonly<Record<string, string>>;
}

/** Kleene's third value is for what depends on something unknown. */
export type Truth = 'yes' | 'no' | 'unknown';

export function matchAtom(atom: Atom, { spiffeId, address, port, request }: Facts): Truth {
  switch (atom.kind) {
    case 'identity':
      return truth(spiffeId === atom.id);
    case 'identityPattern':
      return truth(matchesWhole(atom, atom.regex, spiffeId));
    case 'authenticated':
      return truth(spiffeId.startsWith(atom.prefix));
    case 'cidr':
      return address === undefined ? 'unknown' : truth(isWithin(atom, address));
    case 'port':
      return truth(port === atom.name);
    default:
      return request === undefined ? 'unknown' : truth(matchesRequest(atom, request));
  }
}

const truth = (holds: boolean): Truth => (holds ? 'yes' : 'no');

type RequestAtom = Extract<Atom, { kind: 'method' | 'host' | 'exactPath' | 'pathPattern' | 'header' }>;

function matchesRequest(atom: RequestAtom, { method, path, host, headers }: Request): boolean {
  switch (atom.kind) {
    case 'method':
      return method === atom.method;
    case 'host':
      return matchesWhole(atom, atom.regex, host);
    case 'exactPath':
      return path === atom.path;
    case 'pathPattern':
      return matchesWhole(atom, atom.regex, path);
    case 'header':
      return matchesHeader(atom.match, Object.hasOwn(headers, atom.name) ? headers[atom.name] : undefined);
  }
}

/** A header that is not there matches nothing but `present: false`, not even an empty prefix. */
function matchesHeader(match: HeaderMatch, value: string | undefined): boolean {
  if (match.kind === 'present') return (value !== undefined) === match.value;
  if (value === undefined) return false;
  switch (match.kind) {
    case 'exact':
      return value === match.value;
    case 'prefix':
      return value.startsWith(match.value);
    case 'suffix':
      return value.endsWith(match.value);
    case 'regex':
      return matchesWhole(match, match.value, value);
  }
}

/** Compiled once for each atom, and gone with it. RE2 as Envoy has it: linear in the text, whatever the pattern. */
const compiled = new WeakMap<object, RE2JS>();

function matchesWhole(owner: object, regex: string, text: string): boolean {
  const program = compiled.get(owner) ?? RE2JS.compile(regex);
  compiled.set(owner, program);
  return program.testExact(text);
}

const ranges = new WeakMap<object, BlockList>();

function isWithin(atom: Extract<Atom, { kind: 'cidr' }>, address: string): boolean {
  const range = ranges.get(atom) ?? new BlockList();
  if (!ranges.has(atom)) range.addSubnet(atom.address, atom.prefixLength, familyOf(atom.address));
  ranges.set(atom, range);
  return isIP(address) !== 0 && range.check(address, familyOf(address));
}

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
