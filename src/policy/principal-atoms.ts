import { isIPv6 } from 'node:net';
import { RE2JS } from 're2js';
import { ControlPlaneError } from '../lib/errors.ts';
import { spiffeIdOf } from '../lib/spiffe-id.ts';
import type { Mesh, Principal } from '../mesh/mesh.ts';
import type { Atom } from './rule.ts';

/** What one item of `from` stands for; a group stands for each of its members. */
export function principalAtoms(mesh: Mesh, principal: Principal): readonly Atom[] {
  switch (principal.kind) {
    case 'service':
      return [identity(mesh, principal.name)];
    case 'group':
      return membersOf(mesh, principal.name).map((member) => identity(mesh, member));
    case 'spiffe':
      return [identityAtom(principal.pattern)];
    case 'cidr':
      return [cidrAtom(principal.cidr)];
    case 'authenticated':
      return [{ kind: 'authenticated', prefix: `spiffe://${mesh.trustDomain}/` }];
  }
}

const identity = (mesh: Mesh, name: string): Atom => ({
  kind: 'identity',
  id: spiffeIdOf(mesh.trustDomain, name),
});

/** An empty disjunction matches nobody: harmless in an allow, but a deny or a `not` would quietly be gone. */
function membersOf(mesh: Mesh, group: string): readonly string[] {
  const members = mesh.groups.get(group) ?? [];
  if (members.length === 0) throw new ControlPlaneError('ERR_STATE', `the group "${group}" has no members`);
  return members;
}

/** `*` stands for one or more characters of a segment, a last `**` for any rest. */
function identityAtom(written: string): Atom {
  if (!written.includes('*')) return { kind: 'identity', id: written };
  const isOpen = written.endsWith('**');
  const fixed = isOpen ? written.slice(0, -2) : written;
  const regex = fixed.split('*').map(RE2JS.quote).join('[^/]+');
  return { kind: 'identityPattern', written, regex: isOpen ? `${regex}.*` : regex };
}

function cidrAtom(cidr: string): Atom {
  const [address = '', length] = cidr.split('/');
  const whole = isIPv6(address) ? 128 : 32;
  return { kind: 'cidr', address, prefixLength: length === undefined ? whole : Number(length) };
}
