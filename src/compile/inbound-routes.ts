/** What one port of a service lets in: authorisation as overrides of the virtual host, then everything to the app. */
import { hasPathRules } from '../policy/evaluate.ts';
import type { RuleTable } from '../policy/rule.ts';
import type { Route } from '../proto/gen/types/envoy/config/route/v3/Route.ts';
import type { RouteConfiguration } from '../proto/gen/types/envoy/config/route/v3/RouteConfiguration.ts';
import { inboundRoute, localCluster } from '../proto/names.ts';
import { durationOf } from '../proto/well-known-types.ts';
import { passingOverrides, rbacOverrides } from './rbac.ts';
import { PATH_PARAMETERS, refusedPath } from './refused-path.ts';

export function inboundRoutes(rules: RuleTable, service: string, port: string): RouteConfiguration {
  const refused: Route = { ...refusedPath(), typed_per_filter_config: passingOverrides(PATH_PARAMETERS) };
  const toApp: Route = {
    name: localCluster(port),
    match: { prefix: '/' },
    // the caller's route has the timeout; who attacks without one is bounded by max_stream_duration
    route: { cluster: localCluster(port), timeout: durationOf(0) },
  };
  return {
    name: inboundRoute(port),
    virtual_hosts: [
      {
        name: inboundRoute(port),
        domains: ['*'],
        typed_per_filter_config: rbacOverrides(rules.get(service) ?? [], port),
        routes: hasPathRules(rules, service) ? [refused, toApp] : [toApp],
      },
    ],
  };
}
