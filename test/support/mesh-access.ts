import { type ClientIdentity, stolenIdentity } from '../../src/cli/demo/identities.ts';
import type { DemoReady } from '../../src/cli/running-demo.ts';
import type { ServerStatus } from '../../src/cli/server-status.ts';
import type { Proxy } from '../../src/compile/proxy.ts';
import type { Mesh } from '../../src/mesh/mesh.ts';

/** What is known of a mesh that runs on loopback. */
export interface RunningMesh {
  readonly ready: Omit<DemoReady, 'ready' | 'gateway'>;
  readonly mesh: Mesh;
  /** By service or gateway. */
  readonly proxies: ReadonlyMap<string, Proxy>;
}

/** The ways into it that tests use. */
export interface MeshAccess {
  /** `127.0.0.1:PORT` of a sidecar's mTLS listener. */
  inboundOf(service: string): string;
  /** `http://127.0.0.1:PORT` of a sidecar's explicit proxy. */
  outboundOf(service: string): string;
  /** A valid certificate of a service or gateway, as whoever has its join token gets it; the same each time. */
  svidOf(service: string): Promise<ClientIdentity>;
  status(): Promise<ServerStatus>;
}

export function accessTo({ ready, mesh, proxies }: RunningMesh): MeshAccess {
  const svids = new Map<string, Promise<ClientIdentity>>();
  const known = <T>(value: T | undefined, what: string): T => {
    if (value === undefined) throw new Error(`the mesh has no ${what}`);
    return value;
  };
  return {
    inboundOf: (service) => known(ready.proxies[service]?.inbound, `inbound of "${service}"`),
    outboundOf: (service) => known(ready.proxies[service]?.outbound, `outbound of "${service}"`),
    svidOf(service) {
      const proxy = known(proxies.get(service), `proxy of "${service}"`);
      const svid = svids.get(service) ?? stolenIdentity(ready, mesh.trustDomain, proxy);
      svids.set(service, svid);
      return svid;
    },
    async status() {
      const headers = { authorization: `Bearer ${ready.adminToken}` };
      return (await (await fetch(`${ready.admin}/status`, { headers })).json()) as ServerStatus;
    },
  };
}
