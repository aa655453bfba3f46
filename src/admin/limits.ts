/** What one client, or all of them together, may cost. */
export interface AdminLimits {
  readonly maxConnections: number;
  readonly maxHeaderBytes: number;
  /** From the opening of a connection, or the end of the request before. */
  readonly headersTimeoutMs: number;
  readonly maxBodyBytes: number;
  /** From the headers to the last byte. */
  readonly bodyTimeoutMs: number;
  readonly maxEventStreams: number;
  /** A reader of events that has left this much unread is cut off. */
  readonly maxUnreadBytes: number;
}

export const DEFAULT_LIMITS: AdminLimits = {
  maxConnections: 256,
  maxHeaderBytes: 16 * 1024,
  headersTimeoutMs: 5_000,
  maxBodyBytes: 64 * 1024,
  bodyTimeoutMs: 5_000,
  maxEventStreams: 32,
  maxUnreadBytes: 1024 * 1024,
};
