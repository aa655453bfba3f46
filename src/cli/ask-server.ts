import { ControlPlaneError, messageOf } from '../lib/errors.ts';
import { findRunningDemo } from './running-demo.ts';
import { readServerRecord } from './state-folder.ts';

/** How a running server is reached. */
export interface ServerAddress {
  readonly admin: string;
  readonly adminToken: string;
}

export interface ServerAnswer {
  readonly status: number;
  readonly body: unknown;
}

const TIMEOUT_MS = 5_000;

/** The server that was started last with this state folder, else the demo that runs here. It may have ended since. */
export function knownServer(state: string): ServerAddress | undefined {
  return readServerRecord(state) ?? findRunningDemo();
}

/**
 * Asks the API of a server.
 * @throws ControlPlaneError `ERR_SERVER_UNREACHABLE` if none answers there, or one with another token
 */
export async function askServer(
  { admin, adminToken }: ServerAddress,
  method: string,
  path: string,
): Promise<ServerAnswer> {
  try {
    const response = await fetch(`${admin}${path}`, {
      method,
      headers: { authorization: `Bearer ${adminToken}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status === 401 || response.status >= 500) throw new Error(`it answered ${response.status}`);
    return { status: response.status, body: await response.json() };
  } catch (error) {
    const why = `no answer from ${admin}: ${whyNot(error)}`;
    throw new ControlPlaneError('ERR_SERVER_UNREACHABLE', why, error);
  }
}

/** `fetch` says only that it failed; the reason is its cause. */
function whyNot(error: unknown): string {
  const reason = messageOf(error instanceof Error && error.cause ? error.cause : error);
  return reason.includes('ECONNREFUSED')
    ? 'nobody listens there, so start it with "portcullis serve"'
    : reason;
}
