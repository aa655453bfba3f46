/**
 * The last look at authorisation before a proxy sees it. A virtual host without its override is denied by the
 * listener's own RBAC, but an override without rules lets everybody pass, and no base can prevent that (measured with
 * Envoy 1.40). The compiler makes none; should it ever, the set is not served.
 */
import type { RouteConfiguration } from '../proto/gen/types/envoy/config/route/v3/RouteConfiguration.ts';
import { ALLOW_FILTER, DENY_FILTER, isInboundRoute } from '../proto/names.ts';

type Overrides = { readonly [filter: string]: object } | null | undefined;

const FILTERS = [DENY_FILTER, ALLOW_FILTER] as const;

/** What would let somebody past policy, each as one line; empty for routes of other listeners. */
export function openings(message: RouteConfiguration): readonly string[] {
  const { name = '', virtual_hosts = [] } = message;
  if (!isInboundRoute(name)) return [];
  return virtual_hosts.flatMap((host) => {
    const where = `virtual host "${host.name}" of "${name}"`;
    const ofRoutes = (host.routes ?? []).flatMap((route) =>
      withoutRules(`route "${route.name}" of ${where}`, route.typed_per_filter_config),
    );
    return [
      ...missing(where, host.typed_per_filter_config),
      ...withoutRules(where, host.typed_per_filter_config),
      ...ofRoutes,
    ];
  });
}

function missing(where: string, overrides: Overrides): string[] {
  return FILTERS.filter((filter) => overrides?.[filter] === undefined).map(
    (filter) => `${where} has no override of ${filter}`,
  );
}

function withoutRules(where: string, overrides: Overrides): string[] {
  return FILTERS.filter((filter) => {
    const override = overrides?.[filter] as { readonly rbac?: { readonly rules?: object } } | undefined;
    return override !== undefined && override.rbac?.rules === undefined;
  }).map((filter) => `${where} overrides ${filter} with no rules, which lets everybody pass`);
}
