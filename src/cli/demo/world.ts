/**
 * The shop as native processes on loopback: control plane, four services, their sidecars and the gateway. Everything
 * lives in one temporary folder and goes with it; whatever was started is stopped by its process id.
 */
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Proxy } from '../../compile/proxy.ts';
import { startCommand } from '../../compile/start-command.ts';
import { type Clock, delay } from '../../lib/clock.ts';
import { ControlPlaneError } from '../../lib/errors.ts';
import type { Mesh } from '../../mesh/mesh.ts';
import { loadMesh } from '../../mesh/read.ts';
import { formatViolation } from '../../mesh/violation.ts';
import type { DemoReady } from '../running-demo.ts';
import { readServerRecord, type ServerRecord } from '../state-folder.ts';
import { type Child, startChild } from './child.ts';
import { assignPorts, type ProxyPorts, prepareSidecar, type Sidecar } from './sidecar.ts';
import { unsyncedProxies } from './sync-check.ts';

const READY_WITHIN_MS = 60_000;
const POLL_MS = 25;

const here = fileURLToPath(import.meta.url);
/** `.ts` in a checkout, `.js` once built. */
const extension = extname(here);
const MAIN = join(here, '..', '..', '..', `main${extension}`);
const SHOP = join(here, '..', '..', '..', '..', 'examples', 'shop');

export interface WorldOptions {
  readonly envoy: string;
  readonly clock: Clock;
  /** Says what is being done, one line at a time. */
  readonly narrate: (line: string) => void;
  /** Each line of a sidecar's standard output. */
  readonly onAccessLog: (line: string) => void;
  /** Something that should run has ended. */
  readonly onFailure: (why: string) => void;
  /** Gives up starting. */
  readonly signal?: AbortSignal;
}

export interface DemoWorld {
  readonly ready: DemoReady;
  readonly mesh: Mesh;
  /** By service or gateway. */
  readonly proxies: ReadonlyMap<string, Proxy>;
  readonly folder: string;
  stop(): Promise<void>;
}

async function loadShop(path: string, clock: Clock): Promise<Mesh> {
  const loaded = await loadMesh(path, clock);
  if (loaded.ok) return loaded.mesh;
  throw new ControlPlaneError('ERR_STATE', loaded.violations.map(formatViolation).join('\n'));
}

/** Rejects, with nothing left behind, if it cannot be started or is told to give up. */
export async function startWorld(options: WorldOptions): Promise<DemoWorld> {
  const { clock, narrate, signal } = options;
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-demo-'));
  const children: Child[] = [];
  let stopping = false;
  const stop = async () => {
    stopping = true;
    await Promise.all(children.map((child) => child.stop(clock)));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const state = join(folder, 'state');
    const logs = join(folder, 'logs');
    await mkdir(state, { mode: 0o700 });
    await mkdir(logs, { mode: 0o700 });
    const meshPath = join(folder, 'mesh.yaml');
    await copyFile(join(SHOP, 'mesh.yaml'), meshPath);
    const mesh = await loadShop(meshPath, clock);
    const start = async (
      name: string,
      command: string,
      args: readonly string[],
      onLine?: (line: string) => void,
    ) => {
      const child = await startChild({
        name,
        command,
        args,
        logFile: join(logs, `${name}.log`),
        onUnexpectedExit: options.onFailure,
        ...(onLine ? { onLine } : {}),
      });
      children.push(child);
      if (stopping) await child.stop(clock);
      signal?.throwIfAborted();
      return child;
    };

    narrate(`starting the control plane for ${meshPath}`);
    await start('control-plane', process.execPath, [
      MAIN,
      'serve',
      ...['--mesh', meshPath, '--state', state, '--xds', '127.0.0.1:0', '--admin', '127.0.0.1:0'],
      '--allow-loopback-endpoints',
    ]);

    const services = [...mesh.services.keys()];
    const names = [...services, ...mesh.gateways.keys()];
    const ports = await assignPorts(names);
    narrate(`starting the services ${services.join(', ')}`);
    await Promise.all(
      services.map((name) =>
        start(`${name}-app`, process.execPath, [
          join(SHOP, 'service.mjs'),
          name,
          String((ports.get(name) as ProxyPorts).app),
        ]),
      ),
    );
    const server = await serverRecord(state, options);

    narrate(`starting a stock Envoy beside each service, and one as the gateway (${options.envoy})`);
    const sidecars = await Promise.all(
      names.map((name) =>
        prepareSidecar({ folder, state, mesh, server, service: name, ports: ports.get(name) as ProxyPorts }),
      ),
    );
    const pids = new Map<string, number>();
    for (const { proxy, bootstrapPath } of sidecars) {
      const [command = '', ...args] = startCommand({
        envoy: options.envoy,
        bootstrapFile: bootstrapPath,
        concurrency: 1,
        logLevel: 'warning',
      });
      const child = await start(`${proxy.service}-envoy`, command, args, options.onAccessLog);
      pids.set(proxy.service, child.pid);
    }

    narrate('waiting until every Envoy holds its configuration');
    await untilSynced(server, names.length, services, options);
    const proxies = new Map(sidecars.map(({ proxy }) => [proxy.service, proxy]));
    return { ready: readyOf(meshPath, server, sidecars, pids), mesh, proxies, folder, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function serverRecord(state: string, { clock, signal }: WorldOptions): Promise<ServerRecord> {
  const start = clock.now();
  while (clock.now() - start < READY_WITHIN_MS) {
    const record = readServerRecord(state);
    if (record) return record;
    await delay(clock, POLL_MS);
    signal?.throwIfAborted();
  }
  throw new ControlPlaneError(
    'ERR_STATE',
    `the control plane did not start within ${READY_WITHIN_MS / 1000} s`,
  );
}

async function untilSynced(
  server: ServerRecord,
  proxies: number,
  services: readonly string[],
  { clock, signal }: WorldOptions,
): Promise<void> {
  const start = clock.now();
  let waitingFor = '';
  while (clock.now() - start < READY_WITHIN_MS) {
    const missing = await unsyncedProxies(server, proxies, services);
    if (missing.length === 0) return;
    waitingFor = missing.join('; ');
    await delay(clock, POLL_MS);
    signal?.throwIfAborted();
  }
  throw new ControlPlaneError(
    'ERR_STATE',
    `not every Envoy got its configuration within ${READY_WITHIN_MS / 1000} s: ${waitingFor}`,
  );
}

function readyOf(
  mesh: string,
  server: ServerRecord,
  sidecars: readonly Sidecar[],
  pids: ReadonlyMap<string, number>,
): DemoReady {
  const proxies = sidecars.map(({ proxy, ports, tokenPath }) => {
    const own = {
      node: `${proxy.service}/${proxy.instance}`,
      token: tokenPath,
      ...(proxy.outbound ? { outbound: `http://127.0.0.1:${ports.outbound}` } : {}),
      ...(proxy.inbound ? { inbound: `127.0.0.1:${ports.inbound}` } : {}),
      envoyAdmin: `http://127.0.0.1:${ports.admin}`,
      pid: pids.get(proxy.service) as number,
    };
    return [proxy.service, own] as const;
  });
  const gateway = sidecars.find(({ proxy }) => proxy.kind === 'gateway');
  return {
    ready: true,
    mesh,
    admin: server.admin,
    adminToken: server.adminToken,
    gateway: `http://127.0.0.1:${gateway?.ports.app}`,
    xds: server.xds,
    xdsCa: server.xdsCa,
    proxies: Object.fromEntries(proxies),
  };
}
