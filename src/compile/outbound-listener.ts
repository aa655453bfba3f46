/** The explicit proxy for the app beside the sidecar: `Host: orders`, or `http_proxy` with absolute URLs. */
import type { Listener } from '../proto/gen/types/envoy/config/listener/v3/Listener.ts';
import { OUTBOUND_LISTENER, OUTBOUND_ROUTE } from '../proto/names.ts';
import { CONNECTION_BUFFER, httpConnectionManager } from './http-connection-manager.ts';
import type { SocketAddress } from './proxy.ts';
import { socketAddress } from './socket-address.ts';

/** Paths stay as the app wrote them: the callee's inbound decides, also about those who come without a sidecar. */
export function outboundListener(service: string, outbound: SocketAddress): Listener {
  return {
    name: OUTBOUND_LISTENER,
    address: socketAddress(outbound),
    traffic_direction: 'OUTBOUND',
    per_connection_buffer_limit_bytes: CONNECTION_BUFFER,
    filter_chains: [
      {
        name: OUTBOUND_LISTENER,
        filters: [
          httpConnectionManager({
            side: 'outbound',
            service,
            routeName: OUTBOUND_ROUTE,
            filters: [],
            connections: {},
            traits: {},
          }),
        ],
      },
    ],
  };
}
