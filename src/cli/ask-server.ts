import { ControlPlaneError, messageOf } from '../lib/errors.ts';
import { findRunningDemo } from './running-demo.ts';
import { readServerRecord } from './state-folder.ts';

/** How a running server is reached. */
export interface ServerAddress {
  readonly admin: string;
  readonly adminToken: string;
}

export interface ServerAnswer {
  /** Who answered. */
  readonly admin: string;
  readonly status: number;
  readonly body: unknown;
}

const TIMEOUT_MS = 5_000;

/** The server that was started last with this state folder, then the demo that runs here. They may have ended since. */
function knownServers(state: string): readonly ServerAddress[] {
  return [readServerRecord(state), findRunningDemo()].filter((server) => server !== undefined);
}

/**
 * Asks the API of the first server that answers.
 * @throws ControlPlaneError `ERR_SERVER_UNREACHABLE` if none does, saying why the first did not
 */
export async function askServer(state: string, method: string, path: string): Promise<ServerAnswer> {
  const [first, ...others] = knownServers(state);
  if (!first) {
    throw new ControlPlaneError(
      'ERR_SERVER_UNREACHABLE',
      `no server was started with the state folder ${state}, and no demo runs here; name the folder with --state`,
    );
  }
  try {
    return await ask(first, method, path);
  } catch (error) {
    for (const other of others) return await ask(other, method, path);
    throw error;
  }
}

async function ask(
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
    return { admin, status: response.status, body: await response.json() };
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
