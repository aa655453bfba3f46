/** A mesh of any document with apps of the test's own: control plane and apps in this process, real Envoys beside it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from '../../src/cli/demo/child.ts';
import { assignPorts, type ProxyPorts, prepareSidecar } from '../../src/cli/demo/sidecar.ts';
import { unsyncedProxies } from '../../src/cli/demo/sync-check.ts';
import { findEnvoy } from '../../src/cli/envoy-binary.ts';
import { startServer } from '../../src/cli/server.ts';
import type { ServerRecord } from '../../src/cli/state-folder.ts';
import { startCommand } from '../../src/compile/start-command.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import type { Mesh } from '../../src/mesh/mesh.ts';
import { loadMesh } from '../../src/mesh/read.ts';
import { formatViolation } from '../../src/mesh/violation.ts';
import { accessTo, type MeshAccess, type RunningMesh } from './mesh-access.ts';
import { until } from './until.ts';

const LOOPBACK = { address: '127.0.0.1', port: 0 };
const DAY_MS = 86_400_000;
const READY_WITHIN_MS = 30_000;

export interface SmallMeshOptions {
  /** Its services have one port each, and it has no gateways. */
  readonly document: string;
  /** By service, not listening yet. A service without one only calls. */
  readonly apps: Readonly<Record<string, Server>>;
  readonly leafTtlMs?: number;
}

export interface SmallMesh extends RunningMesh, MeshAccess {
  stop(): Promise<void>;
}

/** What was started: to be stopped in the opposite order, and what has ended by itself before. */
interface Started {
  readonly stops: (() => Promise<unknown>)[];
  readonly failures: string[];
}

/** Starts it and waits until every sidecar holds its configuration. A missing Envoy throws. */
export async function startSmallMesh(options: SmallMeshOptions): Promise<SmallMesh> {
  const started: Started = { stops: [], failures: [] };
  const stop = async () => {
    for (const each of started.stops.splice(0).reverse()) await each();
    if (started.failures.length > 0) throw new Error(started.failures.join('\n'));
  };
  try {
    const running = await start(options, started);
    return { ...running, ...accessTo(running), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(options: SmallMeshOptions, world: Started): Promise<RunningMesh> {
  const { path: envoy } = await findEnvoy(process.env);
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-small-'));
  world.stops.push(() => rm(folder, { recursive: true }));
  const state = join(folder, 'state');
  const path = join(folder, 'mesh.yaml');
  await writeFile(path, options.document);
  const mesh = await meshAt(path);
  const server = await startControlPlane(path, state, options.leafTtlMs ?? DAY_MS, world);

  const services = [...mesh.services.keys()];
  const ports = await assignPorts(services);
  const sidecars = [];
  for (const service of services) {
    const own = ports.get(service) as ProxyPorts;
    await listen(options.apps[service], own.app, world);
    const sidecar = await prepareSidecar({ folder, state, mesh, server, service, ports: own });
    const pid = await startSidecar(envoy, folder, service, sidecar.bootstrapPath, world);
    sidecars.push({ ...sidecar, pid });
  }
  let missing: readonly string[] = [];
  await until(
    READY_WITHIN_MS,
    () => `the mesh is not whole (${missing.join('; ')})`,
    async () => {
      missing = await unsyncedProxies(server, services.length, services);
      return missing.length === 0;
    },
  );
  const proxies = sidecars.map(({ proxy, ports: own, tokenPath, pid }) => {
    const ready = {
      node: `${proxy.service}/${proxy.instance}`,
      token: tokenPath,
      outbound: `http://127.0.0.1:${own.outbound}`,
      inbound: `127.0.0.1:${own.inbound}`,
      envoyAdmin: `http://127.0.0.1:${own.admin}`,
      pid,
    };
    return [proxy.service, ready] as const;
  });
  const { admin, adminToken, xds, xdsCa } = server;
  return {
    ready: { mesh: path, admin, adminToken, xds, xdsCa, proxies: Object.fromEntries(proxies) },
    mesh,
    proxies: new Map(sidecars.map(({ proxy }) => [proxy.service, proxy])),
  };
}

async function meshAt(path: string): Promise<Mesh> {
  const loaded = await loadMesh(path, systemClock);
  if (!loaded.ok) throw new Error(loaded.violations.map(formatViolation).join('\n'));
  return loaded.mesh;
}

async function startControlPlane(
  mesh: string,
  state: string,
  leafTtlMs: number,
  world: Started,
): Promise<ServerRecord> {
  const started = await startServer({
    mesh,
    state,
    xds: LOOPBACK,
    admin: LOOPBACK,
    leafTtlMs,
    authorityTtlMs: 365 * DAY_MS,
    allowLoopbackEndpoints: true,
    clock: systemClock,
    logger: silentLogger,
  });
  if (!started.ok) throw new Error(started.violations.map(formatViolation).join('\n'));
  world.stops.push(() => started.server.close());
  return started.server.record;
}

async function listen(app: Server | undefined, port: number, world: Started): Promise<void> {
  if (!app) return;
  await new Promise<void>((resolve) => app.listen(port, LOOPBACK.address, resolve));
  world.stops.push(async () => app.close());
}

async function startSidecar(
  envoy: string,
  folder: string,
  service: string,
  bootstrapFile: string,
  world: Started,
): Promise<number> {
  const [command = '', ...args] = startCommand({
    envoy,
    bootstrapFile,
    concurrency: 1,
    logLevel: 'warning',
  });
  const child = await startChild({
    name: `${service}-envoy`,
    command,
    args,
    logFile: join(folder, `${service}.log`),
    onUnexpectedExit: (why) => world.failures.push(why),
  });
  world.stops.push(() => child.stop(systemClock));
  return child.pid;
}
