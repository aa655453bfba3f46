import { unknownName } from './check-names.ts';
import type { Draft } from './draft.ts';
import type { Principal } from './mesh.ts';
import type { PrincipalEntry } from './policy-schema.ts';
import { type Problem, quote } from './problem.ts';
import { notYet } from './schema-parts.ts';

const SCHEME = 'spiffe://';
/** A segment of a SPIFFE ID (section 2.2), with globs. */
const SEGMENT = /^[A-Za-z0-9._*-]+$/;

/** What is wrong with one item of `from`. */
export function principalProblem(draft: Draft, written: PrincipalEntry): Problem | undefined {
  if (typeof written !== 'string' || written === 'authenticated' || kindOfName(draft, written))
    return undefined;
  if (written === 'anonymous') return notYet('"anonymous"');
  if (written.startsWith(SCHEME)) return patternProblem(written, draft.trustDomain);
  if (written === '*') {
    return { message: '"*" is no caller', hint: 'write "authenticated" for any identity of this mesh' };
  }
  if (/^[\d.]+(\/\d+)?$|:.*:/.test(written)) {
    return {
      message: `${quote(written)} is no name`,
      hint: `write { cidr: ${quote(written)} } for addresses`,
    };
  }
  return unknownName(written, 'service, gateway or group', namesOf(draft));
}

/** What an item of `from` without a problem stands for. */
export function principalOf(draft: Draft, written: PrincipalEntry): Principal {
  if (typeof written !== 'string') return { kind: 'cidr', cidr: written.cidr };
  if (written === 'authenticated') return { kind: 'authenticated' };
  if (written.startsWith(SCHEME)) return { kind: 'spiffe', pattern: written };
  return { kind: kindOfName(draft, written) ?? 'service', name: written };
}

function kindOfName(draft: Draft, name: string): 'service' | 'group' | undefined {
  if (draft.services.has(name) || draft.gateways.has(name)) return 'service';
  return draft.groups.has(name) ? 'group' : undefined;
}

function namesOf({ services, gateways, groups }: Draft): readonly string[] {
  return [...services.keys(), ...gateways.keys(), ...groups.keys(), 'authenticated'];
}

function patternProblem(pattern: string, trustDomain: string | undefined): Problem | undefined {
  const [domain = '', ...segments] = pattern.slice(SCHEME.length).split('/');
  if (trustDomain !== undefined && domain !== trustDomain) {
    return {
      message: `${quote(pattern)} can never match: the trust domain of this mesh is ${quote(trustDomain)}`,
      hint: `write ${quote(`${SCHEME}${[trustDomain, ...segments].join('/')}`)}`,
    };
  }
  if (segments.length === 0) {
    const hint = `"${SCHEME}${domain}/**" is every identity of the trust domain`;
    return { message: `${quote(pattern)} has no path, as every identity of a service has`, hint };
  }
  if (pattern.length > 2048) return { message: 'is longer than a SPIFFE ID may be (2048 bytes)' };
  const odd = segments.find((segment) => !SEGMENT.test(segment) || segment === '.' || segment === '..');
  if (odd !== undefined) {
    const message = `${quote(pattern)} cannot match a SPIFFE ID: its segment ${quote(odd)} must hold letters, digits, ".", "-", "_" and "*" only`;
    return { message };
  }
  const early = segments.findIndex((segment, index) => {
    const isLast = index === segments.length - 1;
    return segment.includes('**') && !(isLast && segment === '**');
  });
  if (early === -1) return undefined;
  return {
    message: `in ${quote(pattern)}, "**" must be the whole last segment`,
    hint: '"*" stands for part of one segment',
  };
}
