/**
 * How long what is open may stay open. Envoy asks RBAC at request headers only and a connection keeps the
 * certificates it began with, so a stream that outlives its allow and a connection that outlives its authority are
 * bounded by time, from the first day: adding a bound later would not reach the connections made before.
 */
import type { Settings } from '../mesh/mesh.ts';
import type { NewerHttpProtocolOptions } from '../proto/overlay.ts';
import { durationOf, wrap } from '../proto/well-known-types.ts';

/** Envoy adds up to this share at random, so that connections made together do not end together. */
export const DURATION_JITTER_PERCENT = 10;

/**
 * Callers let go first: they know when a connection is between two requests, the callee does not. With the jitter
 * still below the callee's own bound, which is for those who do not let go.
 */
const CALLER_SHARE = 0.8;

/** Of connections that a listener accepts; streams on them end after the same time, upgraded ones too. */
export function downstreamBounds(settings: Settings): NewerHttpProtocolOptions {
  return {
    max_connection_duration: durationOf(settings.maxConnectionDurationMs),
    max_connection_duration_jitter: wrap(DURATION_JITTER_PERCENT),
    max_stream_duration: durationOf(settings.maxConnectionDurationMs),
  };
}

/** Of connections to a service with these settings. */
export function upstreamBounds(settings: Settings): NewerHttpProtocolOptions {
  return {
    max_connection_duration: durationOf(Math.ceil(settings.maxConnectionDurationMs * CALLER_SHARE)),
    max_connection_duration_jitter: wrap(DURATION_JITTER_PERCENT),
  };
}
