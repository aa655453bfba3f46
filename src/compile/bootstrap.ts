/**
 * The file that a stock Envoy starts with: who it is, where the control plane is, how to be sure of it and how to
 * prove itself. Everything else comes over ADS. In protobuf's JSON form, as Envoy reads it; the token is in a file
 * of its own, because Envoy shows its bootstrap to whoever may ask its admin interface (`/config_dump`).
 */
import { nodeId } from '../proto/names.ts';
import { typeUrlOf } from '../proto/resource-types.ts';
import type { Proxy, SocketAddress } from './proxy.ts';
import { metadataOf } from './proxy-metadata.ts';

/** Where Envoy's admin interface listens: a socket file that only its own user may use, or a port for demos. */
export type AdminAddress = { readonly pipe: string } | SocketAddress;

export interface BootstrapOptions {
  readonly proxy: Proxy;
  readonly mesh: string;
  /** The control plane's; `address` may be a host name. */
  readonly xds: SocketAddress;
  /** PEM of the authority that the xDS port's certificate comes from. */
  readonly xdsCaPem: string;
  /** The SPIFFE ID in that certificate. */
  readonly xdsServerId: string;
  /** Absolute path of the SDS file by which Envoy finds the join token (`store/token-file.ts`). */
  readonly tokenFile: string;
  readonly admin: AdminAddress;
}

const XDS_CLUSTER = 'portcullis-xds';
const TOKEN_SECRET = 'portcullis-token';

/** Connections that a proxy accepts at the same time, over all its listeners; more are closed at once. */
const MAX_CONNECTIONS = '20000';

/** Envoy's check of how large a compiled regex is; its default of 100 would refuse patterns that the mesh accepts. */
const REGEX_PROGRAM_SIZE = 32_768;

export function compileBootstrap(options: BootstrapOptions): object {
  const { proxy, mesh } = options;
  return {
    node: { id: nodeId(proxy), cluster: mesh, metadata: metadataOf(proxy) },
    admin: { address: adminAddress(options.admin) },
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [
          {
            envoy_grpc: {
              cluster_name: XDS_CLUSTER,
              retry_policy: { retry_back_off: { base_interval: '0.1s', max_interval: '1s' } },
            },
          },
        ],
      },
      cds_config: { ads: {}, resource_api_version: 'V3' },
      lds_config: { ads: {}, resource_api_version: 'V3' },
    },
    static_resources: { clusters: [xdsCluster(options)] },
    layered_runtime: {
      layers: [
        { name: 'portcullis', static_layer: { 're2.max_program_size.error_level': REGEX_PROGRAM_SIZE } },
      ],
    },
    overload_manager: {
      resource_monitors: [
        {
          name: 'envoy.resource_monitors.global_downstream_max_connections',
          typed_config: {
            '@type': typeUrlOf(
              'envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
            ),
            max_active_downstream_connections: MAX_CONNECTIONS,
          },
        },
      ],
    },
  };
}

/** `0600`: an app beside the sidecar must not read the configuration out of it, nor shut it down. */
const OWNER_ONLY = 0o600;

function adminAddress(admin: AdminAddress): object {
  if ('pipe' in admin) return { pipe: { path: admin.pipe, mode: OWNER_ONLY } };
  return { socket_address: { address: admin.address, port_value: admin.port } };
}

function xdsCluster(options: BootstrapOptions): object {
  const { address, port } = options.xds;
  return {
    name: XDS_CLUSTER,
    type: 'STRICT_DNS',
    connect_timeout: '5s',
    load_assignment: {
      cluster_name: XDS_CLUSTER,
      endpoints: [
        { lb_endpoints: [{ endpoint: { address: { socket_address: { address, port_value: port } } } }] },
      ],
    },
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: xdsTls(options),
    },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': xdsProtocol(options.tokenFile),
    },
  };
}

function xdsTls({ xdsCaPem, xdsServerId }: BootstrapOptions): object {
  return {
    '@type': typeUrlOf('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext'),
    common_tls_context: {
      tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
      alpn_protocols: ['h2'],
      validation_context: {
        trusted_ca: { inline_string: xdsCaPem },
        match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { exact: xdsServerId } }],
      },
    },
  };
}

/** HTTP/2 that notices a dead peer within 10 s, with the token put into the headers of each stream. */
function xdsProtocol(tokenFile: string): object {
  return {
    '@type': typeUrlOf('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'),
    explicit_http_config: {
      http2_protocol_options: { connection_keepalive: { interval: '5s', timeout: '5s' } },
    },
    http_filters: [
      {
        name: 'envoy.filters.http.credential_injector',
        typed_config: {
          '@type': typeUrlOf('envoy.extensions.filters.http.credential_injector.v3.CredentialInjector'),
          overwrite: true,
          credential: {
            name: 'envoy.http.injected_credentials.generic',
            typed_config: injectedToken(tokenFile),
          },
        },
      },
      {
        name: 'envoy.filters.http.upstream_codec',
        typed_config: {
          '@type': typeUrlOf('envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec'),
        },
      },
    ],
  };
}

function injectedToken(tokenFile: string): object {
  return {
    '@type': typeUrlOf('envoy.extensions.http.injected_credentials.generic.v3.Generic'),
    credential: {
      name: TOKEN_SECRET,
      sds_config: {
        resource_api_version: 'V3',
        path_config_source: { path: tokenFile, watched_directory: { path: folderOf(tokenFile) } },
      },
    },
    header: 'authorization',
    header_value_prefix: 'Bearer ',
  };
}

/** Envoy watches the folder, because a file is replaced by renaming another onto it. */
function folderOf(file: string): string {
  return file.slice(0, Math.max(file.lastIndexOf('/'), 1));
}
