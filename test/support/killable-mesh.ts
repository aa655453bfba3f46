/** A mesh of real processes whose control plane and sidecars a test may kill and start again, on the same ports. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../../src/cli/demo/free-ports.ts';
import { assignPorts, type ProxyPorts, prepareSidecar, type Sidecar } from '../../src/cli/demo/sidecar.ts';
import { findEnvoy } from '../../src/cli/envoy-binary.ts';
import type { ServerStatus } from '../../src/cli/server-status.ts';
import { readServerRecord, type ServerRecord } from '../../src/cli/state-folder.ts';
import { startCommand } from '../../src/compile/start-command.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Mesh } from '../../src/mesh/mesh.ts';
import { loadMesh } from '../../src/mesh/read.ts';
import { within } from './within.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const LISTENING_WITHIN_MS = 20_000;

export interface KillableMeshOptions {
  /** Its services have one port each, and it has no gateways. */
  readonly document: string;
  /** By service, not listening yet. */
  readonly apps: Readonly<Record<string, Server>>;
}

/** A line of the control plane's log. */
export interface LogLine {
  readonly msg: string;
  readonly node?: string;
  readonly [field: string]: unknown;
}

/** One life of the control plane. */
export interface ControlPlaneLife {
  readonly pid: number;
  /** What it has logged so far, at debug level. */
  readonly log: readonly LogLine[];
  /** Resolves once it listens. */
  readonly listening: Promise<void>;
  status(): Promise<ServerStatus>;
  kill(): Promise<void>;
}

export interface KillableMesh {
  /** Where mesh.yaml, the state folder `state` and SERVICE.bootstrap.json lie. */
  readonly folder: string;
  readonly services: readonly string[];
  startControlPlane(): ControlPlaneLife;
  /** With the same bootstrap each time. */
  startSidecar(service: string): Promise<void>;
  killSidecar(service: string): Promise<void>;
  /** `127.0.0.1:PORT` */
  inboundOf(service: string): string;
  outboundOf(service: string): string;
  /** The path of its token file. */
  tokenOf(service: string): string;
  stop(): Promise<void>;
}

/** Prepares it, and starts the apps and, to have its authorities made, the control plane once. */
export async function prepareKillableMesh({ document, apps }: KillableMeshOptions): Promise<KillableMesh> {
  const { path: envoy } = await findEnvoy(process.env);
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-killable-'));
  const state = join(folder, 'state');
  const path = join(folder, 'mesh.yaml');
  await writeFile(path, document);
  await mkdir(state, { mode: 0o700 });
  const mesh = await meshAt(path);
  const services = [...mesh.services.keys()];
  const [xds, admin] = await freePorts(2);
  const ports = await assignPorts(services);
  for (const [service, app] of Object.entries(apps)) {
    await new Promise<void>((resolve) => app.listen(portsOf(service).app, '127.0.0.1', resolve));
  }
  const running = new Map<string, ChildProcess>();

  function portsOf(service: string): ProxyPorts {
    const own = ports.get(service);
    if (!own) throw new Error(`the mesh has no service "${service}"`);
    return own;
  }

  function run(name: string, command: string, args: readonly string[], onLine?: (line: string) => void) {
    const child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    running.set(name, child);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        appendFileSync(join(folder, `${name}.log`), `${line}\n`);
        onLine?.(line);
      });
    }
    return child;
  }

  async function kill(name: string): Promise<void> {
    const child = running.get(name);
    if (!child) return;
    running.delete(name);
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  }

  function startControlPlane(): ControlPlaneLife {
    const log: LogLine[] = [];
    let listens = () => {};
    const listening = new Promise<void>((resolve) => {
      listens = resolve;
    });
    const where = [
      '--xds',
      `127.0.0.1:${xds}`,
      '--admin',
      `127.0.0.1:${admin}`,
      '--allow-loopback-endpoints',
    ];
    const args = [MAIN, 'serve', '--mesh', path, '--state', state, ...where, '--log-level', 'debug'];
    const child = run('control-plane', process.execPath, args, (line) => {
      if (!line.startsWith('{')) return;
      const entry = JSON.parse(line) as LogLine;
      log.push(entry);
      if (entry.msg === 'serving') listens();
    });
    const record = () => readServerRecord(state) as ServerRecord;
    return {
      pid: child.pid as number,
      log,
      listening: within(LISTENING_WITHIN_MS, `no control plane listened (see ${folder})`, listening),
      async status() {
        const headers = { authorization: `Bearer ${record().adminToken}` };
        return (await (await fetch(`${record().admin}/status`, { headers })).json()) as ServerStatus;
      },
      kill: () => kill('control-plane'),
    };
  }

  const sidecars = new Map<string, Sidecar>();
  const first = startControlPlane();
  await first.listening;
  const server = readServerRecord(state) as ServerRecord;
  for (const service of services) {
    const plan = { folder, state, mesh, server, service, ports: portsOf(service) };
    sidecars.set(service, await prepareSidecar(plan));
  }
  await first.kill();

  return {
    folder,
    services,
    startControlPlane,
    async startSidecar(service) {
      const { bootstrapPath: bootstrapFile = '' } = sidecars.get(service) ?? {};
      const options = { envoy, bootstrapFile, concurrency: 1, logLevel: 'warning' as const };
      const [command = '', ...args] = startCommand(options);
      await once(run(`${service}-envoy`, command, args), 'spawn');
    },
    killSidecar: (service) => kill(`${service}-envoy`),
    inboundOf: (service) => `127.0.0.1:${portsOf(service).inbound}`,
    outboundOf: (service) => `127.0.0.1:${portsOf(service).outbound}`,
    tokenOf: (service) => sidecars.get(service)?.tokenPath ?? '',
    async stop() {
      for (const name of [...running.keys()]) await kill(name);
      for (const app of Object.values(apps)) app.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function meshAt(path: string): Promise<Mesh> {
  const loaded = await loadMesh(path, systemClock);
  if (!loaded.ok) throw new Error('the document of the test is not valid');
  return loaded.mesh;
}
