/** Rules in human words, the same in `can`, in messages and later in the dashboard. */
import type { HeaderMatch } from '../mesh/mesh.ts';
import type { Atom, Clause, ClauseKey } from './rule.ts';

const SUBJECTS: Readonly<Record<string, string>> = {
  from: 'caller',
  ports: 'port',
  methods: 'method',
  hosts: 'host',
  paths: 'path',
};

/** `caller`, `path`, `header x-tenant`. */
export function describeKey(key: ClauseKey): string {
  return SUBJECTS[key] ?? `header ${key.slice('headers.'.length)}`;
}

/** `method is GET or HEAD`, `path is not /orders/0/**`. Identities of `trustDomain` go by their service's name. */
export function describeClause(clause: Clause, trustDomain?: string): string {
  return `${describeKey(clause.key)} is ${clause.negated ? 'not ' : ''}${describeAnyOf(clause.anyOf, trustDomain)}`;
}

/** What a clause accepts: `GET or HEAD`, `anything but /orders/0/**`. */
export function describeAccepted(clause: Clause, trustDomain?: string): string {
  return `${clause.negated ? 'anything but ' : ''}${describeAnyOf(clause.anyOf, trustDomain)}`;
}

/** `orders` for an identity of this trust domain, else the whole SPIFFE ID. */
export function describeIdentity(spiffeId: string, trustDomain: string | undefined): string {
  const prefix = `spiffe://${trustDomain}/`;
  return spiffeId.startsWith(prefix) ? spiffeId.slice(prefix.length) : spiffeId;
}

function describeAnyOf(anyOf: readonly Atom[], trustDomain: string | undefined): string {
  const words = anyOf.map((atom) => describeAtom(atom, trustDomain));
  const last = words.at(-1) ?? 'nothing';
  return words.length > 1 ? `${words.slice(0, -1).join(', ')} or ${last}` : last;
}

function describeAtom(atom: Atom, trustDomain: string | undefined): string {
  switch (atom.kind) {
    case 'identity':
      return describeIdentity(atom.id, trustDomain);
    case 'authenticated':
      return 'any identity of this mesh';
    case 'cidr':
      return `an address in ${atom.address}/${atom.prefixLength}`;
    case 'port':
      return atom.name;
    case 'method':
      return atom.method;
    case 'exactPath':
      return atom.path;
    case 'identityPattern':
    case 'host':
    case 'pathPattern':
      return atom.written;
    case 'header':
      return describeHeader(atom.match);
  }
}

function describeHeader(match: HeaderMatch): string {
  switch (match.kind) {
    case 'present':
      return match.value ? 'present' : 'absent';
    case 'exact':
      return `"${match.value}"`;
    case 'prefix':
      return `something that starts with "${match.value}"`;
    case 'suffix':
      return `something that ends with "${match.value}"`;
    case 'regex':
      return `something that matches /${match.value}/`;
  }
}
