/** What one peer may cost. A stream that asks for more ends with RESOURCE_EXHAUSTED; other streams are unaffected. */
export interface Limits {
  /** A larger request is refused before it is decoded. */
  readonly maxRequestBytes: number;
  /** A larger answer is cut into several; gRPC clients refuse more than 4 MiB by default. */
  readonly maxResponseBytes: number;
  /** Characters of `node.id`. */
  readonly maxNodeIdLength: number;
  /** Encoded size of `node` without its `extensions`, which are dropped. */
  readonly maxNodeBytes: number;
  /** Types asked for on one stream, served or not. */
  readonly maxTypesPerStream: number;
  /** Names subscribed of one type on one stream, existing or not. */
  readonly maxNamesPerType: number;
  /** Characters of a resource name or type URL. */
  readonly maxNameLength: number;
  /** Streams that one connection may have open. */
  readonly maxStreamsPerConnection: number;
  /** From the opening of a stream to its admission: first request received and authenticated. */
  readonly admissionTimeoutMs: number;
  /** A connection without any stream is closed after this. */
  readonly maxConnectionIdleMs: number;
  /** A connection that is silent for so long is pinged … */
  readonly keepaliveTimeMs: number;
  /** … and closed if there is no answer within this. */
  readonly keepaliveTimeoutMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxRequestBytes: 4 * 1024 * 1024,
  maxResponseBytes: 3 * 1024 * 1024,
  maxNodeIdLength: 256,
  maxNodeBytes: 64 * 1024,
  maxTypesPerStream: 32,
  maxNamesPerType: 20_000,
  maxNameLength: 1_024,
  maxStreamsPerConnection: 100,
  admissionTimeoutMs: 10_000,
  maxConnectionIdleMs: 60_000,
  keepaliveTimeMs: 15_000,
  keepaliveTimeoutMs: 10_000,
};
