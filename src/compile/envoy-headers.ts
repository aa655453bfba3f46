/**
 * Request headers by which Envoy steers itself (Envoy docs: "HTTP header manipulation" and the router filter). Nobody
 * outside may set them, and no app may believe that we did. Envoy does not obey them from others either (its internal
 * address list is empty); this keeps them from reaching the app.
 */
export const ENVOY_REQUEST_HEADERS: readonly string[] = [
  'attempt-count',
  'decorator-operation',
  'downstream-service-cluster',
  'downstream-service-node',
  'expected-rq-timeout-ms',
  'external-address',
  'force-trace',
  'hedge-on-per-try-timeout',
  'internal',
  'ip-tags',
  'is-timeout-retry',
  'max-retries',
  'original-dst-host',
  'original-host',
  'original-method',
  'original-path',
  'original-url',
  'peer-metadata',
  'peer-metadata-id',
  'retriable-header-names',
  'retriable-status-codes',
  'retry-grpc-on',
  'retry-on',
  'upstream-alt-stat-name',
  'upstream-canary',
  'upstream-rq-per-try-timeout-ms',
  'upstream-rq-timeout-alt-response',
  'upstream-rq-timeout-ms',
  'upstream-stream-duration-ms',
].map((name) => `x-envoy-${name}`);
