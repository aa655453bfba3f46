/**
 * What a sidecar accepts: mutual TLS only. A server name selects the port's filter chain, the certificate decides.
 * A change of policy is never in here for HTTP (it comes by route); for TCP it is exactly one filter chain, so that
 * only the connections of the caller that lost its permission are drained.
 */
import { spiffeIdOf } from '../lib/spiffe-id.ts';
import type { Mesh, Port, Service } from '../mesh/mesh.ts';
import { callersOf } from '../policy/reach.ts';
import type { RuleTable } from '../policy/rule.ts';
import { pack } from '../proto/any.ts';
import type { FilterChain } from '../proto/gen/types/envoy/config/listener/v3/FilterChain.ts';
import type { Listener } from '../proto/gen/types/envoy/config/listener/v3/Listener.ts';
import type { Config as DirectResponse } from '../proto/gen/types/envoy/extensions/filters/network/direct_response/v3/Config.ts';
import type { HttpConnectionManager } from '../proto/gen/types/envoy/extensions/filters/network/http_connection_manager/v3/HttpConnectionManager.ts';
import {
  callerServerName,
  INBOUND_LISTENER,
  inboundRoute,
  localCluster,
  PRESENCE_SERVER_NAME,
  portServerName,
} from '../proto/names.ts';
import type { NewerTcpProxy } from '../proto/overlay.ts';
import { durationOf, wrap } from '../proto/well-known-types.ts';
import { tcpAccessLog } from './access-log.ts';
import { DURATION_JITTER_PERCENT, downstreamBounds } from './connection-bounds.ts';
import { WITHOUT_ENVOY_HEADERS } from './envoy-headers.ts';
import { CONNECTION_BUFFER, httpConnectionManager, PATH_SAFETY } from './http-connection-manager.ts';
import type { SocketAddress } from './proxy.ts';
import { RBAC_FILTERS } from './rbac.ts';
import { socketAddress } from './socket-address.ts';
import { inboundTls } from './tls-context.ts';

/** The app learns who calls from a header that no caller can forge. */
const CALLER_HEADER = {
  forward_client_cert_details: 'SANITIZE_SET',
  set_current_client_cert_details: { uri: true },
} as const satisfies HttpConnectionManager;

/**
 * A server name of ours that no chain has: a port that is gone or a TCP caller that is not allowed. Without filters
 * Envoy closes the connection; the default chain would take it for a request to the first port.
 */
const UNKNOWN_NAMES: FilterChain = {
  name: 'unknown-server-name',
  filter_chain_match: { server_names: ['*.port', '*.from'] },
};

/** Shows its certificate to the control plane, which looks whether it is the one issued last, and does nothing else. */
function presenceChain(mesh: Mesh, service: Service): FilterChain {
  return {
    name: 'presence',
    filter_chain_match: { server_names: [PRESENCE_SERVER_NAME] },
    ...inboundTls({ prefix: spiffeIdOf(mesh.trustDomain, '') }, service.settings.tls, []),
    filters: [
      {
        name: 'envoy.filters.network.direct_response',
        // with nothing to say it would hang up before the handshake, certificate unseen
        typed_config: pack<DirectResponse>('envoy.extensions.filters.network.direct_response.v3.Config', {
          response: { inline_string: 'present\n' },
        }),
      },
    ],
  };
}

const TLS_INSPECTOR = {
  name: 'envoy.filters.listener.tls_inspector',
  typed_config: pack('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector', {}),
};

export function inboundListener(
  mesh: Mesh,
  rules: RuleTable,
  service: Service,
  inbound: SocketAddress,
): Listener {
  const httpPorts = service.ports.filter(({ protocol }) => protocol !== 'tcp');
  const tcpPorts = service.ports.filter(({ protocol }) => protocol === 'tcp');
  const [first] = httpPorts;
  return {
    name: INBOUND_LISTENER,
    address: socketAddress(inbound),
    traffic_direction: 'INBOUND',
    per_connection_buffer_limit_bytes: CONNECTION_BUFFER,
    listener_filters: [TLS_INSPECTOR],
    filter_chains: [
      ...httpPorts.map((port) => ({
        ...httpChain(mesh, service, port, `http|${port.name}`),
        filter_chain_match: { server_names: [portServerName(port.name)] },
      })),
      ...tcpPorts.flatMap((port) =>
        callersOf(rules, mesh, service.name, port.name).map((caller) =>
          tcpChain(mesh, service, port, caller),
        ),
      ),
      presenceChain(mesh, service),
      UNKNOWN_NAMES,
    ],
    ...(first && { default_filter_chain: httpChain(mesh, service, first, 'http') }),
  };
}

function httpChain(mesh: Mesh, service: Service, port: Port, name: string): FilterChain {
  return {
    name,
    ...inboundTls({ prefix: spiffeIdOf(mesh.trustDomain, '') }, service.settings.tls, ['h2', 'http/1.1']),
    filters: [
      httpConnectionManager({
        side: 'inbound',
        service: service.name,
        routeName: inboundRoute(port.name),
        filters: RBAC_FILTERS,
        connections: downstreamBounds(service.settings),
        traits: { ...PATH_SAFETY, ...CALLER_HEADER, ...WITHOUT_ENVOY_HEADERS },
      }),
    ],
  };
}

function tcpChain(mesh: Mesh, service: Service, port: Port, caller: string): FilterChain {
  const name = `tcp|${port.name}|${caller}`;
  const proxy: NewerTcpProxy = {
    stat_prefix: name,
    cluster: localCluster(port.name),
    max_downstream_connection_duration: durationOf(service.settings.maxConnectionDurationMs),
    max_downstream_connection_duration_jitter_percentage: wrap(DURATION_JITTER_PERCENT),
    // a protocol in which the server speaks first must not greet who is not yet proven
    upstream_connect_mode: 'ON_DOWNSTREAM_TLS_HANDSHAKE',
    max_early_data_bytes: wrap(0),
    access_log: [tcpAccessLog('inbound', service.name)],
  };
  return {
    name,
    filter_chain_match: { server_names: [callerServerName(caller, port.name)] },
    ...inboundTls({ exact: spiffeIdOf(mesh.trustDomain, caller) }, service.settings.tls, []),
    filters: [
      {
        name: 'envoy.filters.network.tcp_proxy',
        typed_config: pack('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', proxy),
      },
    ],
  };
}
