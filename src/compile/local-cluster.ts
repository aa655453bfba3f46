/** The app that a sidecar stands in front of: one port of it, on the sidecar's own loopback. */
import type { Port, Settings } from '../mesh/mesh.ts';
import type { Cluster } from '../proto/gen/types/envoy/config/cluster/v3/Cluster.ts';
import { localCluster } from '../proto/names.ts';
import { durationOf } from '../proto/well-known-types.ts';
import { httpProtocolOptions } from './http-protocol-options.ts';
import type { Proxy } from './proxy.ts';
import { socketAddress } from './socket-address.ts';

/**
 * Common HTTP servers close a connection that was idle for 5 s (Node's `keepAliveTimeout`, uvicorn); letting go before
 * them keeps a request from meeting a closing connection, which would be a 503.
 */
const APP_IDLE_MS = 4_000;

export function localClusterOf(proxy: Proxy, port: Port, settings: Settings): Cluster {
  const name = localCluster(port.name);
  const address = socketAddress({ address: '127.0.0.1', port: proxy.portMap.get(port.port) ?? port.port });
  return {
    name,
    type: 'STATIC',
    connect_timeout: durationOf(settings.connectTimeoutMs),
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
    ...httpProtocolOptions(port.protocol, { idle_timeout: durationOf(APP_IDLE_MS) }),
  };
}
