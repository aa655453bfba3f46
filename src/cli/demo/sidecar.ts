/** What a sidecar of the demo starts with: its ports, its join token, its bootstrap. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compileBootstrap } from '../../compile/bootstrap.ts';
import type { Proxy } from '../../compile/proxy.ts';
import { CONTROL_PLANE, spiffeIdOf } from '../../lib/spiffe-id.ts';
import type { Mesh } from '../../mesh/mesh.ts';
import { writeFileAtomically } from '../../store/atomic-file.ts';
import { sdsFileOf, writeTokenFiles } from '../../store/token-file.ts';
import { issueJoinToken } from '../join-token.ts';
import type { ServerRecord } from '../state-folder.ts';
import { freePorts } from './free-ports.ts';

const TOKEN_TTL_MS = 24 * 3_600_000;
const PORTS_PER_PROXY = 4;

export interface ProxyPorts {
  /** The app's, or a gateway's listener. */
  readonly app: number;
  readonly inbound: number;
  readonly outbound: number;
  readonly admin: number;
}

export interface Sidecar {
  readonly proxy: Proxy;
  readonly ports: ProxyPorts;
  readonly tokenPath: string;
  readonly bootstrapPath: string;
}

export interface SidecarPlan {
  readonly folder: string;
  readonly state: string;
  readonly mesh: Mesh;
  readonly server: ServerRecord;
  readonly service: string;
  readonly ports: ProxyPorts;
}

/** Free ports for each of these proxies. */
export async function assignPorts(names: readonly string[]): Promise<ReadonlyMap<string, ProxyPorts>> {
  const ports = await freePorts(names.length * PORTS_PER_PROXY);
  return new Map(
    names.map((name, index) => {
      const [app, inbound, outbound, admin] = ports.slice(
        index * PORTS_PER_PROXY,
        (index + 1) * PORTS_PER_PROXY,
      ) as [number, number, number, number];
      return [name, { app, inbound, outbound, admin }];
    }),
  );
}

/** The proxy as its bootstrap declares it. The port that the document declares is mapped to the free one found here. */
function proxyOf(mesh: Mesh, service: string, ports: ProxyPorts): Proxy {
  const gateway = mesh.gateways.get(service);
  const declared = gateway ? gateway.listeners[0]?.port : mesh.services.get(service)?.ports[0]?.port;
  const loopback = (port: number) => ({ address: '127.0.0.1', port });
  return {
    kind: gateway ? 'gateway' : 'service',
    service,
    instance: '1',
    inbound: gateway ? undefined : loopback(ports.inbound),
    outbound: gateway ? undefined : loopback(ports.outbound),
    bindAddress: '127.0.0.1',
    portMap: new Map([[declared ?? 0, ports.app]]),
  };
}

/** Writes everything that this proxy's Envoy reads. */
export async function prepareSidecar({
  folder,
  state,
  mesh,
  server,
  service,
  ports,
}: SidecarPlan): Promise<Sidecar> {
  const proxy = proxyOf(mesh, service, ports);
  const tokenPath = join(folder, 'tokens', service, 'join.token');
  const { token } = await issueJoinToken({ state, mesh, service, ttlMs: TOKEN_TTL_MS });
  await writeTokenFiles(tokenPath, token);
  const [address = '', port = ''] = server.xds.split(':');
  const bootstrapPath = join(folder, `${service}.bootstrap.json`);
  const config = compileBootstrap({
    proxy,
    mesh: mesh.name,
    xds: { address, port: Number(port) },
    xdsCaPem: await readFile(server.xdsCa, 'utf8'),
    xdsServerId: spiffeIdOf(mesh.trustDomain, CONTROL_PLANE),
    tokenFile: sdsFileOf(tokenPath),
    admin: { address: '127.0.0.1', port: ports.admin },
  });
  await writeFileAtomically(bootstrapPath, JSON.stringify(config, null, 2));
  return { proxy, ports, tokenPath, bootstrapPath };
}
