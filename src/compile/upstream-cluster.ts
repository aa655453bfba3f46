/** One port of a service as a caller reaches it: mutual TLS to exactly its identity, limits, passive health. */

import { spiffeIdOf } from '../lib/spiffe-id.ts';
import type { OutlierDetection as OutlierSettings, Port, Service, Settings } from '../mesh/mesh.ts';
import type { CircuitBreakers } from '../proto/gen/types/envoy/config/cluster/v3/CircuitBreakers.ts';
import type { Cluster } from '../proto/gen/types/envoy/config/cluster/v3/Cluster.ts';
import type { OutlierDetection } from '../proto/gen/types/envoy/config/cluster/v3/OutlierDetection.ts';
import { callerServerName, portServerName, upstreamCluster } from '../proto/names.ts';
import { durationOf, wrap } from '../proto/well-known-types.ts';
import { upstreamBounds } from './connection-bounds.ts';
import { CONNECTION_BUFFER } from './http-connection-manager.ts';
import { ALPN, httpProtocolOptions } from './http-protocol-options.ts';
import { ADS, upstreamTls } from './tls-context.ts';

/**
 * An ejected endpoint is suspected, not proven bad: when more than half are suspects, the fault is likelier in what
 * they share or in us, and asking them all beats refusing everybody (Envoy docs: "Panic threshold").
 */
const PANIC_THRESHOLD_PERCENT = 50;

export function upstreamClusterOf(
  trustDomain: string,
  caller: string,
  service: Service,
  port: Port,
): Cluster {
  const { settings } = service;
  return {
    name: upstreamCluster(service.name, port.name),
    type: 'EDS',
    eds_cluster_config: { eds_config: ADS },
    lb_policy: 'LEAST_REQUEST',
    connect_timeout: durationOf(settings.connectTimeoutMs),
    transport_socket: upstreamTls({
      calleeId: spiffeIdOf(trustDomain, service.name),
      serverName: port.protocol === 'tcp' ? callerServerName(caller, port.name) : portServerName(port.name),
      tls: settings.tls,
      alpn: ALPN[port.protocol],
    }),
    ...httpProtocolOptions(port.protocol, upstreamBounds(settings)),
    circuit_breakers: circuitBreakers(settings),
    ...(settings.outlierDetection && { outlier_detection: outlierDetection(settings.outlierDetection) }),
    common_lb_config: { healthy_panic_threshold: wrap(PANIC_THRESHOLD_PERCENT) },
    // an endpoint that left takes no new request, whatever its health was; those in flight end in peace
    ignore_health_on_host_removal: true,
    per_connection_buffer_limit_bytes: CONNECTION_BUFFER,
  };
}

function circuitBreakers({ circuitBreaker }: Settings): CircuitBreakers {
  return {
    thresholds: [
      {
        max_connections: wrap(circuitBreaker.maxConnections),
        max_pending_requests: wrap(circuitBreaker.maxPendingRequests),
        max_requests: wrap(circuitBreaker.maxRequests),
        max_retries: wrap(circuitBreaker.maxRetries),
      },
    ],
  };
}

function outlierDetection(settings: OutlierSettings): OutlierDetection {
  return {
    consecutive_5xx: wrap(settings.consecutive5xx),
    interval: durationOf(settings.intervalMs),
    base_ejection_time: durationOf(settings.baseEjectionTimeMs),
    max_ejection_percent: wrap(settings.maxEjectionPercent),
  };
}
