/** Stable codes: scripts and tests may switch on them, so a code is never renamed. */
export type ErrorCode =
  | 'ERR_ADDRESS'
  | 'ERR_AUTHORITY'
  | 'ERR_BACKUP'
  | 'ERR_ENVOY'
  | 'ERR_LISTEN'
  | 'ERR_PROTO'
  | 'ERR_SERVER_UNREACHABLE'
  | 'ERR_SPIFFE_ID'
  | 'ERR_STATE'
  | 'ERR_TOKEN'
  | 'ERR_USAGE';

/** A broken contract or an effect that failed. What a user wrote wrong is a value (`Violation`), not an exception. */
export class ControlPlaneError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ControlPlaneError';
    this.code = code;
  }
}

/** The message of anything thrown, for putting into a message of ours. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The code of a failed system call, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
