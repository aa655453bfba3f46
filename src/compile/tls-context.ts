/**
 * Who proves what to whom. Certificate and trust bundle are two SDS secrets over ADS; the references below never
 * change, so a rotation touches neither listeners nor clusters. What a peer must be is said here, in the default
 * validation context, which Envoy merges with the bundle.
 */
import type { Tls } from '../mesh/mesh.ts';
import { pack } from '../proto/any.ts';
import type { ConfigSource } from '../proto/gen/types/envoy/config/core/v3/ConfigSource.ts';
import type { TransportSocket } from '../proto/gen/types/envoy/config/core/v3/TransportSocket.ts';
import type { FilterChain } from '../proto/gen/types/envoy/config/listener/v3/FilterChain.ts';
import type { CommonTlsContext } from '../proto/gen/types/envoy/extensions/transport_sockets/tls/v3/CommonTlsContext.ts';
import type { DownstreamTlsContext } from '../proto/gen/types/envoy/extensions/transport_sockets/tls/v3/DownstreamTlsContext.ts';
import type { SdsSecretConfig } from '../proto/gen/types/envoy/extensions/transport_sockets/tls/v3/SdsSecretConfig.ts';
import type { TlsParameters } from '../proto/gen/types/envoy/extensions/transport_sockets/tls/v3/TlsParameters.ts';
import type { UpstreamTlsContext } from '../proto/gen/types/envoy/extensions/transport_sockets/tls/v3/UpstreamTlsContext.ts';
import type { StringMatcher } from '../proto/gen/types/envoy/type/matcher/v3/StringMatcher.ts';
import { SVID_SECRET, TRUST_BUNDLE_SECRET } from '../proto/names.ts';
import { durationOf, wrap } from '../proto/well-known-types.ts';

/** Everything that we refer to by name comes on the one aggregated stream. */
export const ADS: ConfigSource = { ads: {}, resource_api_version: 'V3' };

const TLS = 'envoy.extensions.transport_sockets.tls.v3';
const TLS_VERSIONS = { '1.2': 'TLSv1_2', '1.3': 'TLSv1_3' } as const;

const sdsSecret = (name: string): SdsSecretConfig => ({ name, sds_config: ADS });

function tlsParameters(tls: Tls): TlsParameters {
  return {
    tls_minimum_protocol_version: TLS_VERSIONS[tls.minVersion],
    tls_maximum_protocol_version: 'TLSv1_3',
    cipher_suites: [...tls.ciphers],
  };
}

/** Our own SVID, and a peer whose URI SAN the matcher accepts and whose chain ends in the bundle. */
function mutualTls(peer: StringMatcher, tls: Tls, alpn: readonly string[]): CommonTlsContext {
  return {
    tls_params: tlsParameters(tls),
    tls_certificate_sds_secret_configs: [sdsSecret(SVID_SECRET)],
    combined_validation_context: {
      default_validation_context: { match_typed_subject_alt_names: [{ san_type: 'URI', matcher: peer }] },
      validation_context_sds_secret_config: sdsSecret(TRUST_BUNDLE_SECRET),
    },
    alpn_protocols: [...alpn],
  };
}

/** Session resumption would skip the check of a certificate that was good at the time of the ticket. */
const NO_RESUMPTION = {
  disable_stateless_session_resumption: true,
  disable_stateful_session_resumption: true,
} as const satisfies DownstreamTlsContext;

const transportSocket = (typed_config: ReturnType<typeof pack>): TransportSocket => ({
  name: 'envoy.transport_sockets.tls',
  typed_config,
});

/** The TLS of a filter chain. Who connects and never finishes the handshake is cut off. */
export type ChainTls = Required<Pick<FilterChain, 'transport_socket' | 'transport_socket_connect_timeout'>>;

const HANDSHAKE_TIMEOUT_MS = 10_000;

const chainTls = (context: DownstreamTlsContext): ChainTls => ({
  transport_socket: transportSocket(pack<DownstreamTlsContext>(`${TLS}.DownstreamTlsContext`, context)),
  transport_socket_connect_timeout: durationOf(HANDSHAKE_TIMEOUT_MS),
});

/** Of an inbound filter chain: the client must show a certificate of a peer that the matcher accepts. */
export function inboundTls(peer: StringMatcher, tls: Tls, alpn: readonly string[]): ChainTls {
  return chainTls({
    common_tls_context: mutualTls(peer, tls, alpn),
    require_client_certificate: wrap(true),
    ...NO_RESUMPTION,
  });
}

/** Of a cluster: the server must show exactly the callee's identity, wherever the connection ended up. */
export function upstreamTls(options: {
  readonly calleeId: string;
  readonly serverName: string;
  readonly tls: Tls;
  readonly alpn: readonly string[];
}): TransportSocket {
  return transportSocket(
    pack<UpstreamTlsContext>(`${TLS}.UpstreamTlsContext`, {
      common_tls_context: mutualTls({ exact: options.calleeId }, options.tls, options.alpn),
      sni: options.serverName,
      max_session_keys: wrap(0),
    }),
  );
}

/** Of a gateway's listener: an ordinary server certificate for clients outside the mesh. */
export function gatewayTls(certificateSecret: string, tls: Tls): ChainTls {
  return chainTls({
    common_tls_context: {
      tls_params: tlsParameters(tls),
      tls_certificate_sds_secret_configs: [sdsSecret(certificateSecret)],
      alpn_protocols: ['h2', 'http/1.1'],
    },
  });
}
