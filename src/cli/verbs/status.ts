import { systemClock } from '../../lib/clock.ts';
import { ControlPlaneError, messageOf } from '../../lib/errors.ts';
import { findRunningDemo } from '../running-demo.ts';
import type { ServerStatus } from '../server-status.ts';
import { readServerRecord, STATE_OPTION, stateFolder } from '../state-folder.ts';
import { isHealthy, statusLines } from '../status-text.ts';
import { EXIT, flag, type Verb, type VerbInput } from '../verb.ts';

const TIMEOUT_MS = 5_000;

interface Server {
  readonly admin: string;
  readonly adminToken: string;
}

function runningServer(input: VerbInput): Server {
  const server = readServerRecord(stateFolder(input)) ?? findRunningDemo();
  if (server) return server;
  throw new ControlPlaneError(
    'ERR_SERVER_UNREACHABLE',
    `no server was started with the state folder ${stateFolder(input)}, and no demo runs here; name the folder with --state`,
  );
}

async function fetchStatus({ admin, adminToken }: Server): Promise<ServerStatus> {
  try {
    const response = await fetch(`${admin}/status`, {
      headers: { authorization: `Bearer ${adminToken}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    return (await response.json()) as ServerStatus;
  } catch (error) {
    throw new ControlPlaneError(
      'ERR_SERVER_UNREACHABLE',
      `no status from ${admin}: ${messageOf(error)}`,
      error,
    );
  }
}

export const status: Verb = {
  positionals: [],
  usage: 'status [--state DIR]',
  details: `Asks the server of the state folder, else the demo that runs here. Shows the document in force, each proxy
with the state of each resource type (synced: it holds what was sent; stale: its answer is due; rejected: it refused
the newest, with Envoy's reason), its certificate, and refused joins. Exit code 1 where something is refused.`,
  options: { state: STATE_OPTION, json: { type: 'boolean', help: 'print one JSON object' } },
  async run(input) {
    const { terminal } = input;
    const current = await fetchStatus(runningServer(input));
    if (flag(input, 'json')) {
      terminal.print(JSON.stringify(current));
    } else {
      for (const line of statusLines(terminal, current, systemClock.now())) terminal.print(line);
    }
    return isHealthy(current) ? EXIT.ok : EXIT.no;
  },
};
