/**
 * What every HTTP connection manager of ours has: routes over ADS, an access log, limits on what one client may hold.
 * And what it must not have: `internal_address_config`. Without it nobody is internal; an empty one makes Envoy 1.40
 * take private and loopback addresses for internal and obey their x-envoy-… headers (timeouts, retries).
 */
import { pack } from '../proto/any.ts';
import type { Filter } from '../proto/gen/types/envoy/config/listener/v3/Filter.ts';
import type { Router } from '../proto/gen/types/envoy/extensions/filters/http/router/v3/Router.ts';
import type { HttpConnectionManager } from '../proto/gen/types/envoy/extensions/filters/network/http_connection_manager/v3/HttpConnectionManager.ts';
import type { HttpFilter } from '../proto/gen/types/envoy/extensions/filters/network/http_connection_manager/v3/HttpFilter.ts';
import type { NewerHttpProtocolOptions } from '../proto/overlay.ts';
import { durationOf, wrap } from '../proto/well-known-types.ts';
import { httpAccessLog, type LogSide } from './access-log.ts';
import { ADS } from './tls-context.ts';

/**
 * Where policies name paths, every spelling of a path must be one path, for us and for the app. An encoded slash
 * has no spelling that is safe for all apps, so it is 400 (Envoy docs: HttpConnectionManager, path normalisation).
 */
export const PATH_SAFETY = {
  normalize_path: wrap(true),
  merge_slashes: true,
  path_with_escaped_slashes_action: 'REJECT_REQUEST',
} as const satisfies HttpConnectionManager;

/** Bytes that Envoy holds for one connection in one direction before it stops reading. */
export const CONNECTION_BUFFER = wrap(64 * 1024);

/** Of one client connection, after Envoy's "Configuring Envoy as an edge proxy". */
const LIMITS = {
  request_headers_timeout: durationOf(10_000),
  stream_idle_timeout: durationOf(300_000),
  max_request_headers_kb: wrap(60),
  http2_protocol_options: {
    max_concurrent_streams: wrap(100),
    initial_stream_window_size: wrap(64 * 1024),
    initial_connection_window_size: wrap(1024 * 1024),
  },
} as const satisfies HttpConnectionManager;

const MAX_HEADERS = 100;

const ROUTER: HttpFilter = {
  name: 'envoy.filters.http.router',
  // no x-envoy-… headers of ours towards apps or clients
  typed_config: pack<Router>('envoy.extensions.filters.http.router.v3.Router', {
    suppress_envoy_headers: true,
  }),
};

export interface ConnectionManagerOptions {
  readonly side: LogSide;
  readonly service: string;
  /** Also the prefix of its statistics. */
  readonly routeName: string;
  /** Before the router. */
  readonly filters: readonly HttpFilter[];
  readonly connections: NewerHttpProtocolOptions;
  readonly traits: HttpConnectionManager;
}

export function httpConnectionManager(options: ConnectionManagerOptions): Filter {
  const { side, service, routeName, filters, connections, traits } = options;
  const manager: HttpConnectionManager = {
    codec_type: 'AUTO',
    stat_prefix: routeName,
    rds: { config_source: ADS, route_config_name: routeName },
    http_filters: [...filters, ROUTER],
    common_http_protocol_options: { max_headers_count: wrap(MAX_HEADERS), ...connections },
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    access_log: [httpAccessLog(side, service)],
    // Envoy's name in "server" tells attackers what to try
    server_header_transformation: 'PASS_THROUGH',
    ...LIMITS,
    ...traits,
  };
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: pack(
      'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
      manager,
    ),
  };
}
