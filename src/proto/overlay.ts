/** Types of the newer fields that `protos/overlay.json` adds to the Envoy API in use; the generated types lack them. */
import type { HeaderMutation } from './gen/types/envoy/config/common/mutation_rules/v3/HeaderMutation.ts';
import type { HttpProtocolOptions } from './gen/types/envoy/config/core/v3/HttpProtocolOptions.ts';
import type { TcpProxy } from './gen/types/envoy/extensions/filters/network/tcp_proxy/v3/TcpProxy.ts';
import type { StringMatcher } from './gen/types/envoy/type/matcher/v3/StringMatcher.ts';
import type { Percent } from './gen/types/envoy/type/v3/Percent.ts';
import type { UInt32Value } from './gen/types/google/protobuf/UInt32Value.ts';

export interface NewerHttpProtocolOptions extends HttpProtocolOptions {
  max_connection_duration_jitter?: Percent;
}

export interface NewerTcpProxy extends TcpProxy {
  max_downstream_connection_duration_jitter_percentage?: Percent;
  upstream_connect_mode?: 'IMMEDIATE' | 'ON_DOWNSTREAM_DATA' | 'ON_DOWNSTREAM_TLS_HANDSHAKE';
  max_early_data_bytes?: UInt32Value;
}

export interface NewerHeaderMutation extends HeaderMutation {
  remove_on_match?: { key_matcher: StringMatcher };
}
