import { systemClock } from '../../lib/clock.ts';
import { formatDuration } from '../../lib/duration.ts';
import { ControlPlaneError, messageOf } from '../../lib/errors.ts';
import { findRunningDemo } from '../running-demo.ts';
import type { ServerStatus } from '../server-status.ts';
import { readServerRecord, STATE_OPTION, stateFolder } from '../state-folder.ts';
import { printable, type Terminal, table } from '../terminal.ts';
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

const ago = (at: number) => formatDuration(Math.max(0, Math.round((systemClock.now() - at) / 1000)) * 1000);

function printDocument(terminal: Terminal, { document }: ServerStatus): void {
  if (document.inForce) {
    const { revision, since, mesh } = document.inForce;
    terminal.print(
      `mesh "${mesh}", revision ${revision}, in force since ${ago(since)} ago: ${document.path}`,
    );
  } else {
    terminal.print(terminal.style(`no document is in force: ${document.path}`, 'red'));
  }
  if (!document.problem) return;
  terminal.print(terminal.style('the document on disk is refused; the last good one stays in force:', 'red'));
  for (const line of document.problem.violations) terminal.print(`  ${printable(line)}`);
}

function printProxies(terminal: Terminal, { proxies }: ServerStatus): void {
  const rows = proxies.map(({ node, connected, since, types, svid }) => [
    node,
    `${connected ? 'connected' : 'gone'} ${ago(since)}`,
    ...(['CDS', 'EDS', 'SDS', 'LDS', 'RDS'] as const).map((api) => types[api]?.state ?? '-'),
    svid
      ? `expires in ${formatDuration(Math.round((svid.notAfter - systemClock.now()) / 1000) * 1000)}`
      : '-',
  ]);
  terminal.print('');
  for (const line of table([
    ['PROXY', 'STREAM', 'CDS', 'EDS', 'SDS', 'LDS', 'RDS', 'CERTIFICATE'],
    ...rows,
  ])) {
    terminal.print(line);
  }
  for (const { node, types } of proxies) {
    for (const [api, type] of Object.entries(types)) {
      if (!type?.lastNack) continue;
      const names = Object.keys(type.lastNack.versions).join(', ');
      terminal.print(terminal.style(`${node} rejected ${api} ${names} ${ago(type.lastNack.at)} ago:`, 'red'));
      terminal.print(`  ${printable(type.lastNack.message)}`);
    }
  }
}

function printPresence(terminal: Terminal, { instances, isFrozen }: ServerStatus): void {
  if (isFrozen) {
    const what = 'many instances left together: none is removed from the endpoints until enough are back';
    terminal.print(terminal.style(what, 'red'));
  }
  for (const { node, state, problem } of instances) {
    if (problem === undefined) continue;
    const what = state === 'proving' ? 'is no endpoint yet' : 'does not serve as it should';
    terminal.print(terminal.style(`${node} ${what}: ${printable(problem)}`, 'red'));
  }
}

function printGatewayCertificates(terminal: Terminal, { gatewayCertificates }: ServerStatus): void {
  for (const [secret, reason] of Object.entries(gatewayCertificates)) {
    terminal.print(terminal.style(`${secret} cannot be used; the last good one stays: ${reason}`, 'red'));
  }
}

function printRefusals(terminal: Terminal, { refusals }: ServerStatus): void {
  if (refusals.length === 0) return;
  terminal.print('');
  terminal.print('refused joins, newest last:');
  const rows = refusals
    .slice(-10)
    .map(({ at, nodeId, peerAddress, why }) => [
      `  ${ago(at)} ago`,
      printable(nodeId),
      peerAddress,
      printable(why),
    ]);
  for (const line of table(rows)) terminal.print(line);
}

/** Whether the mesh is as it should be: a good document, and every connected proxy holds what it was sent. */
function isHealthy({ document, proxies, gatewayCertificates, instances, isFrozen }: ServerStatus): boolean {
  const states = proxies.flatMap(({ types }) => Object.values(types).map((type) => type.state));
  const unproven = instances.map(({ problem }) => problem);
  const problems = [document.problem, isFrozen, ...unproven, ...Object.values(gatewayCertificates)].filter(
    Boolean,
  );
  return document.inForce !== undefined && problems.length === 0 && !states.includes('rejected');
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
      printDocument(terminal, current);
      printProxies(terminal, current);
      printPresence(terminal, current);
      printGatewayCertificates(terminal, current);
      printRefusals(terminal, current);
    }
    return isHealthy(current) ? EXIT.ok : EXIT.no;
  },
};
