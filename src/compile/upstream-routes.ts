/** Routes that forward to a service, from an app's outbound or from a gateway: the same timeouts, retries and bounds. */
import type { Settings } from '../mesh/mesh.ts';
import { pack } from '../proto/any.ts';
import type { RetryPolicy } from '../proto/gen/types/envoy/config/route/v3/RetryPolicy.ts';
import type { Route } from '../proto/gen/types/envoy/config/route/v3/Route.ts';
import type { RouteAction } from '../proto/gen/types/envoy/config/route/v3/RouteAction.ts';
import type { RouteMatch } from '../proto/gen/types/envoy/config/route/v3/RouteMatch.ts';
import { durationOf, wrap } from '../proto/well-known-types.ts';

/** RFC 9110, section 9.2.2. */
const IDEMPOTENT_METHOD = 'GET|HEAD|OPTIONS|TRACE|PUT|DELETE';

/** Conditions under which the request has not reached the app, so that any method may be tried again. */
const SAFE_FOR_ALL: ReadonlySet<string> = new Set([
  'connect-failure',
  'refused-stream',
  'reset-before-request',
]);

/** To gRPC `unavailable` is a status; to the rest of HTTP it is 503, which Envoy spells so. */
const UNAVAILABLE = { condition: 'unavailable', httpCondition: 'retriable-status-codes', httpStatus: 503 };

/** Another instance than the one that just failed, if one is found within so many picks. */
const HOST_PICKS = '5';

/** One route, or two where some retries are for idempotent methods only: Envoy has no condition on the method. */
export function upstreamRoutes(
  name: string,
  match: RouteMatch,
  cluster: string,
  settings: Settings,
): Route[] {
  const { attempts, on } = settings.retries;
  const safe = on.filter((condition) => SAFE_FOR_ALL.has(condition));
  const toCluster = (retryOn: readonly string[]): RouteAction => ({
    cluster,
    timeout: durationOf(settings.timeoutMs),
    max_stream_duration: { max_stream_duration: durationOf(settings.maxConnectionDurationMs) },
    ...(attempts > 0 && retryOn.length > 0 && { retry_policy: retryPolicy(attempts, retryOn) }),
  });
  const always: Route = { name, match, route: toCluster(safe) };
  if (attempts === 0 || safe.length === on.length) return [always];
  const idempotent: RouteMatch = {
    ...match,
    headers: [{ name: ':method', string_match: { safe_regex: { regex: IDEMPOTENT_METHOD } } }],
  };
  return [{ name: `${name}|idempotent`, match: idempotent, route: toCluster(on) }, always];
}

function retryPolicy(attempts: number, on: readonly string[]): RetryPolicy {
  const onUnavailable = on.includes(UNAVAILABLE.condition);
  const conditions = onUnavailable ? [...on, UNAVAILABLE.httpCondition] : on;
  return {
    retry_on: conditions.join(','),
    num_retries: wrap(attempts),
    ...(onUnavailable && { retriable_status_codes: [UNAVAILABLE.httpStatus] }),
    retry_host_predicate: [
      {
        name: 'envoy.retry_host_predicates.previous_hosts',
        typed_config: pack('envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate', {}),
      },
    ],
    host_selection_retry_max_attempts: HOST_PICKS,
  };
}
