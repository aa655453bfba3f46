/** How a cluster speaks HTTP, from the protocol that the document gives a port. */
import type { Protocol } from '../mesh/mesh.ts';
import { pack } from '../proto/any.ts';
import type { Cluster } from '../proto/gen/types/envoy/config/cluster/v3/Cluster.ts';
import type { HttpProtocolOptions } from '../proto/gen/types/envoy/extensions/upstreams/http/v3/HttpProtocolOptions.ts';
import type { NewerHttpProtocolOptions } from '../proto/overlay.ts';

const MESSAGE = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

const CONFIG = {
  http: { http_protocol_options: {} },
  http2: { http2_protocol_options: {} },
  grpc: { http2_protocol_options: {} },
} as const satisfies Record<Exclude<Protocol, 'tcp'>, HttpProtocolOptions['explicit_http_config']>;

/** What TLS offers by ALPN towards a port of this protocol; for tcp there is nothing to agree on. */
export const ALPN = {
  http: ['http/1.1'],
  http2: ['h2'],
  grpc: ['h2'],
  tcp: [],
} as const satisfies Record<Protocol, readonly string[]>;

/** The part of a cluster that says how it speaks HTTP; empty for tcp. */
export function httpProtocolOptions(
  protocol: Protocol,
  common: NewerHttpProtocolOptions,
): Pick<Cluster, 'typed_extension_protocol_options'> {
  if (protocol === 'tcp') return {};
  return {
    typed_extension_protocol_options: {
      [MESSAGE]: pack<HttpProtocolOptions>(MESSAGE, {
        common_http_protocol_options: common,
        explicit_http_config: CONFIG[protocol],
      }),
    },
  };
}
