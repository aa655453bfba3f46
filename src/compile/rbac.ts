/**
 * Rules as Envoy's RBAC: a rule is a policy, a clause of `from` a principal, any other clause a permission. What a
 * rule means is decided in `policy/`; this only translates, atom by atom, so that Envoy answers what `can` answers.
 */
import type { AnyExtension } from '@grpc/proto-loader';
import type { Effect, HeaderMatch } from '../mesh/mesh.ts';
import type { Atom, Clause, Rule } from '../policy/rule.ts';
import { pack } from '../proto/any.ts';
import type { Permission } from '../proto/gen/types/envoy/config/rbac/v3/Permission.ts';
import type { Policy } from '../proto/gen/types/envoy/config/rbac/v3/Policy.ts';
import type { Principal } from '../proto/gen/types/envoy/config/rbac/v3/Principal.ts';
import type { RBAC as Rules } from '../proto/gen/types/envoy/config/rbac/v3/RBAC.ts';
import type { HeaderMatcher } from '../proto/gen/types/envoy/config/route/v3/HeaderMatcher.ts';
import type { RBAC } from '../proto/gen/types/envoy/extensions/filters/http/rbac/v3/RBAC.ts';
import type { RBACPerRoute } from '../proto/gen/types/envoy/extensions/filters/http/rbac/v3/RBACPerRoute.ts';
import type { HttpFilter } from '../proto/gen/types/envoy/extensions/filters/network/http_connection_manager/v3/HttpFilter.ts';
import { ALLOW_FILTER, DENY_FILTER } from '../proto/names.ts';
import { wrap } from '../proto/well-known-types.ts';
import { AUDIT_PREFIX } from './access-log.ts';

const RBAC_MESSAGE = 'envoy.extensions.filters.http.rbac.v3.RBAC';
const PER_ROUTE = 'envoy.extensions.filters.http.rbac.v3.RBACPerRoute';

/**
 * The base of both filters denies everything; only routes override it. Policy by route holds for the next request of
 * every open connection, and a route whose override is missing answers 403. An empty `RBAC{}` would let it pass.
 */
export const RBAC_FILTERS: readonly HttpFilter[] = [DENY_FILTER, ALLOW_FILTER].map((name) => ({
  name,
  typed_config: pack<RBAC>(RBAC_MESSAGE, { rules: {} }),
}));

/** The overrides of both filters, for one port's virtual host: first any deny, then any allow, else denied. */
export function rbacOverrides(rules: readonly Rule[], port: string): Record<string, AnyExtension> {
  const audits = policiesOf(rules, port, 'audit');
  const deny: RBAC = { rules: { action: 'DENY', policies: policiesOf(rules, port, 'deny') } };
  const audited: RBAC = {
    ...deny,
    shadow_rules: { action: 'DENY', policies: audits },
    shadow_rules_stat_prefix: AUDIT_PREFIX,
  };
  const hasAudits = Object.keys(audits).length > 0;
  return overrides(hasAudits ? audited : deny, {
    rules: { action: 'ALLOW', policies: policiesOf(rules, port, 'allow') },
  });
}

/** Overrides that let everybody pass, for a route that answers by itself what everybody is answered. */
export function passingOverrides(policy: string): Record<string, AnyExtension> {
  const anybody: Policy = { permissions: [{ any: true }], principals: [{ any: true }] };
  return overrides(
    { rules: { action: 'DENY' } },
    { rules: { action: 'ALLOW', policies: { [policy]: anybody } } },
  );
}

function overrides(deny: RBAC, allow: RBAC): Record<string, AnyExtension> {
  return {
    [DENY_FILTER]: pack<RBACPerRoute>(PER_ROUTE, { rbac: deny }),
    [ALLOW_FILTER]: pack<RBACPerRoute>(PER_ROUTE, { rbac: allow }),
  };
}

function policiesOf(rules: readonly Rule[], port: string, effect: Effect): NonNullable<Rules['policies']> {
  const applying = rules.filter((rule) => rule.effect === effect && appliesToPort(rule, port));
  return Object.fromEntries(applying.map((rule) => [rule.id, policyOf(rule)]));
}

/** Whether the rule's clauses about ports hold for this one: the filter chain has decided the port already. */
function appliesToPort(rule: Rule, port: string): boolean {
  const holds = ({ anyOf, negated }: Clause) =>
    anyOf.some((atom) => atom.kind === 'port' && atom.name === port) !== negated;
  return rule.clauses.filter((clause) => clause.key === 'ports').every(holds);
}

function policyOf(rule: Rule): Policy {
  const principals = rule.clauses.filter((clause) => clause.key === 'from').map(principalOf);
  const permissions = rule.clauses
    .filter((clause) => clause.key !== 'from' && clause.key !== 'ports')
    .map(permissionOf);
  return { principals: [allPrincipals(principals)], permissions: [allPermissions(permissions)] };
}

function allPrincipals(ids: Principal[]): Principal {
  const [only, ...others] = ids;
  if (only === undefined) return { any: true };
  return others.length === 0 ? only : { and_ids: { ids } };
}

function allPermissions(rules: Permission[]): Permission {
  const [only, ...others] = rules;
  if (only === undefined) return { any: true };
  return others.length === 0 ? only : { and_rules: { rules } };
}

function principalOf({ anyOf, negated }: Clause): Principal {
  const ids = anyOf.map(identifierOf);
  const any: Principal = ids.length === 1 ? (ids[0] as Principal) : { or_ids: { ids } };
  return negated ? { not_id: any } : any;
}

function permissionOf({ anyOf, negated }: Clause): Permission {
  const rules = anyOf.map(ruleOf);
  const any: Permission = rules.length === 1 ? (rules[0] as Permission) : { or_rules: { rules } };
  return negated ? { not_rule: any } : any;
}

function identifierOf(atom: Atom): Principal {
  switch (atom.kind) {
    case 'identity':
      return { authenticated: { principal_name: { exact: atom.id } } };
    case 'identityPattern':
      return { authenticated: { principal_name: { safe_regex: { regex: atom.regex } } } };
    case 'authenticated':
      return { authenticated: { principal_name: { prefix: atom.prefix } } };
    case 'cidr':
      // of the connection: a header such as x-forwarded-for is the caller's word
      return { direct_remote_ip: { address_prefix: atom.address, prefix_len: wrap(atom.prefixLength) } };
    default:
      throw new TypeError(`an atom of kind "${atom.kind}" says nothing about who calls`);
  }
}

function ruleOf(atom: Atom): Permission {
  switch (atom.kind) {
    case 'method':
      return { header: { name: ':method', string_match: { exact: atom.method } } };
    case 'host':
      return { header: { name: ':authority', string_match: { safe_regex: { regex: atom.regex } } } };
    case 'exactPath':
      return { url_path: { path: { exact: atom.path } } };
    case 'pathPattern':
      return { url_path: { path: { safe_regex: { regex: atom.regex } } } };
    case 'header':
      return { header: headerMatcher(atom.name, atom.match) };
    default:
      throw new TypeError(`an atom of kind "${atom.kind}" says nothing about what is called`);
  }
}

/** An absent header matches no string, not even an empty one. */
function headerMatcher(name: string, match: HeaderMatch): HeaderMatcher {
  if (match.kind === 'present') return { name, present_match: match.value };
  if (match.kind === 'regex') return { name, string_match: { safe_regex: { regex: match.value } } };
  return { name, string_match: { [match.kind]: match.value } };
}
