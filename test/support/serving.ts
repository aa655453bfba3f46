/** A control plane in this process that serves a document of the test's own, and the proxies that join it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { issueJoinToken } from '../../src/cli/join-token.ts';
import { type RunningServer, type ServerStart, startServer } from '../../src/cli/server.ts';
import type { ServerStatus } from '../../src/cli/server-status.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Logger } from '../../src/lib/logger.ts';
import { loadMesh } from '../../src/mesh/read.ts';
import { type CliResult, runCli } from './cli.ts';
import { joinAs, type SimulatedProxy } from './simulated-proxy.ts';
import { until } from './until.ts';

const DAY_MS = 86_400_000;
const ANY_PORT = { address: '127.0.0.1', port: 0 };
const SOON_MS = 10_000;

export interface Serving {
  readonly server: RunningServer;
  /** What it logged, as `level: message`. */
  readonly logged: readonly string[];
  /** A service or gateway at port 8080. A service is never proven to serve: nobody answers at its inbound. */
  join(service: string): Promise<SimulatedProxy>;
  /** `portcullis status`, as a process. */
  statusVerb(): Promise<CliResult>;
  /** Waits until the document on disk is refused, and tells why. */
  refused(): Promise<readonly string[]>;
  /** Waits until nothing is wrong with the document on disk. */
  accepted(): Promise<void>;
  close(): Promise<void>;
}

/** Starts it for the document at `mesh`, with its state in `folder`/state. */
export async function start(folder: string, mesh: string, logged: string[] = []): Promise<ServerStart> {
  const log = (level: string) => (_: object, message: string) => void logged.push(`${level}: ${message}`);
  const logger: Logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
  return startServer({
    mesh,
    state: join(folder, 'state'),
    xds: ANY_PORT,
    admin: ANY_PORT,
    leafTtlMs: DAY_MS,
    authorityTtlMs: DAY_MS,
    allowLoopbackEndpoints: true,
    clock: systemClock,
    logger,
  });
}

/** The same, for a document that must be good enough to start with. */
export async function serving(folder: string, mesh: string): Promise<Serving> {
  const logged: string[] = [];
  const started = await start(folder, mesh, logged);
  if (!started.ok) throw new Error(JSON.stringify(started.violations));
  const { server } = started;
  const { record } = server;
  const joined: SimulatedProxy[] = [];
  const statusVerb = (options = '') =>
    runCli(`status --state ${join(folder, 'state')} ${options}`, { cwd: folder });
  const problem = async () =>
    (JSON.parse((await statusVerb('--json')).stdout) as ServerStatus).document.problem;
  return {
    server,
    logged,
    statusVerb,
    async join(service) {
      const loaded = await loadMesh(mesh, systemClock);
      if (!loaded.ok) throw new Error('join while the document is good');
      const state = join(folder, 'state');
      const { token } = await issueJoinToken({ state, mesh: loaded.mesh, service, ttlMs: DAY_MS });
      const kind = loaded.mesh.gateways.has(service) ? 'gateway' : 'service';
      const xdsCaPem = await readFile(record.xdsCa, 'utf8');
      const proxy = await joinAs({ xds: record.xds, xdsCaPem, token, kind, service, port: 8080 });
      joined.push(proxy);
      return proxy;
    },
    async refused() {
      await until(SOON_MS, 'nothing was refused', async () => (await problem()) !== undefined);
      return (await problem())?.violations ?? [];
    },
    accepted: () => until(SOON_MS, 'the document was not taken', async () => (await problem()) === undefined),
    async close() {
      for (const proxy of joined) proxy.close();
      await server.close();
    },
  };
}
