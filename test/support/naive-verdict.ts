/**
 * Reads policies as a person would, straight from the mesh: no rules, no clauses, no regular expressions but those
 * that the document holds. What the evaluator answers is held against this.
 */
import type { Conditions, HeaderMatch, Mesh, Policy, Principal } from '../../src/mesh/mesh.ts';
import type { Call } from '../../src/policy/evaluate.ts';

export interface NaiveVerdict {
  readonly verdict: 'allow' | 'deny';
  /** A policy's name. */
  readonly because: string | undefined;
}

/** Of a call whose address is known and whose path normalisation leaves as it is. */
export function naiveVerdict(mesh: Mesh, call: Call): NaiveVerdict {
  const matching = mesh.policies.filter(
    (policy) => policy.to.includes(call.callee) && matches(mesh, policy, call),
  );
  const deny = matching.find(({ effect }) => effect === 'deny');
  if (deny) return { verdict: 'deny', because: deny.name };
  const allow = matching.find(({ effect }) => effect === 'allow');
  return { verdict: allow ? 'allow' : 'deny', because: allow?.name };
}

function matches(mesh: Mesh, { from, where, not }: Policy, call: Call): boolean {
  const asked = answers(mesh, { from, ...where }, call);
  const forbidden = answers(mesh, not, call);
  return asked.every((answer) => answer) && forbidden.every((answer) => !answer);
}

/** One answer for each key that asks something, and for each header. */
function answers(mesh: Mesh, asked: Conditions, call: Call): boolean[] {
  const list: boolean[] = [];
  const path = call.path.split('?')[0] as string;
  if (asked.from) list.push(asked.from.some((principal) => isPrincipal(mesh, principal, call)));
  if (asked.ports) list.push(asked.ports.includes(call.port));
  if (asked.methods) list.push(asked.methods.includes(call.method));
  if (asked.hosts) list.push(asked.hosts.some((pattern) => isHost(pattern, call.host)));
  if (asked.paths) list.push(asked.paths.some((pattern) => isPath(pattern.split('/'), path.split('/'))));
  for (const [name, match] of Object.entries(asked.headers ?? {}))
    list.push(isHeader(match, call.headers[name]));
  return list;
}

function isPrincipal(
  mesh: Mesh,
  principal: Principal,
  { caller: { spiffeId, address = '' } }: Call,
): boolean {
  const isNamed = (name: string) => spiffeId === `spiffe://${mesh.trustDomain}/${name}`;
  if (principal.kind === 'service') return isNamed(principal.name);
  if (principal.kind === 'group') return mesh.groups.get(principal.name)?.some(isNamed) ?? false;
  if (principal.kind === 'authenticated') return spiffeId.startsWith(`spiffe://${mesh.trustDomain}/`);
  if (principal.kind === 'spiffe') return isGlob(principal.pattern, spiffeId);
  const [network = '', bits = '32'] = principal.cidr.split('/');
  return binary(network).slice(0, Number(bits)) === binary(address).slice(0, Number(bits));
}

const binary = (address: string) =>
  address
    .split('.')
    .map((byte) => Number(byte).toString(2).padStart(8, '0'))
    .join('');

function isGlob(pattern: string, text: string): boolean {
  if (pattern === '**') return true;
  if (pattern === '') return text === '';
  if (pattern[0] !== '*') return text[0] === pattern[0] && isGlob(pattern.slice(1), text.slice(1));
  const longest = text.search(/\/|$/);
  return Array.from({ length: longest }).some((_, index) => isGlob(pattern.slice(1), text.slice(index + 1)));
}

function isHost(pattern: string, host: string): boolean {
  const name = host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');
  if (pattern === '*') return true;
  return pattern.startsWith('*.')
    ? name.endsWith(pattern.slice(1)) && name !== pattern.slice(1)
    : name === pattern;
}

function isPath([first, ...rest]: string[], [segment, ...others]: string[]): boolean {
  if (first === '**' && rest.length === 0) return true;
  if (first === undefined || segment === undefined) return first === segment;
  if (first === '*' ? segment === '' : segment !== first) return false;
  return isPath(rest, others);
}

function isHeader(match: HeaderMatch, value: string | undefined): boolean {
  if (match.kind === 'present') return match.value === (value !== undefined);
  if (value === undefined) return false;
  if (match.kind === 'exact') return value === match.value;
  if (match.kind === 'prefix') return value.startsWith(match.value);
  if (match.kind === 'suffix') return value.endsWith(match.value);
  return new RegExp(`^(?:${match.value})$`).test(value);
}
