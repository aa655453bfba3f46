/** Where clients outside the mesh come in. Nothing they say about themselves is believed. */
import type { Gateway, GatewayListener } from '../mesh/mesh.ts';
import type { Listener } from '../proto/gen/types/envoy/config/listener/v3/Listener.ts';
import type { HttpConnectionManager } from '../proto/gen/types/envoy/extensions/filters/network/http_connection_manager/v3/HttpConnectionManager.ts';
import { gatewayCertificateSecret, gatewayListener, gatewayRoute } from '../proto/names.ts';
import { wrap } from '../proto/well-known-types.ts';
import { downstreamBounds } from './connection-bounds.ts';
import { WITHOUT_ENVOY_HEADERS } from './envoy-headers.ts';
import { CONNECTION_BUFFER, httpConnectionManager, PATH_SAFETY } from './http-connection-manager.ts';
import type { Proxy } from './proxy.ts';
import { socketAddress } from './socket-address.ts';
import { gatewayTls } from './tls-context.ts';

/** Envoy docs: "Configuring Envoy as an edge proxy". */
const EDGE = {
  use_remote_address: wrap(true),
  forward_client_cert_details: 'SANITIZE',
  strip_trailing_host_dot: true,
  // what failed inside is told to the log, not to the client; the id finds the line
  local_reply_config: {
    body_format: {
      text_format_source: { inline_string: '%RESPONSE_CODE%, request %REQ(X-REQUEST-ID)%\n' },
    },
  },
} as const satisfies HttpConnectionManager;

export function gatewayListenerOf(proxy: Proxy, gateway: Gateway, listener: GatewayListener): Listener {
  const { name, settings } = gateway;
  const port = proxy.portMap.get(listener.port) ?? listener.port;
  return {
    name: gatewayListener(listener.port),
    address: socketAddress({ address: proxy.bindAddress, port }),
    traffic_direction: 'INBOUND',
    per_connection_buffer_limit_bytes: CONNECTION_BUFFER,
    filter_chains: [
      {
        name: gatewayListener(listener.port),
        ...(listener.tls && gatewayTls(gatewayCertificateSecret(name, listener.port), settings.tls)),
        filters: [
          httpConnectionManager({
            side: 'gateway',
            service: name,
            routeName: gatewayRoute(listener.port),
            filters: [],
            connections: {
              ...downstreamBounds(settings),
              // apps that read `x_tenant` as `x-tenant` must not be told twice
              headers_with_underscores_action: 'REJECT_REQUEST',
            },
            traits: { ...PATH_SAFETY, ...EDGE, ...WITHOUT_ENVOY_HEADERS },
          }),
        ],
      },
    ],
  };
}
