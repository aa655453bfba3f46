/**
 * One JSON line per request or TCP connection on Envoy's standard output, from the inbound, the outbound and the
 * gateway side. The keys are a public contract (the demo's live view and people's log pipelines read them): add,
 * never rename. A value that Envoy does not know is left out. Query strings and headers are never logged: they
 * hold secrets.
 *
 * Envoy docs: "Access logging", format strings.
 */
import { pack } from '../proto/any.ts';
import type { AccessLog } from '../proto/gen/types/envoy/config/accesslog/v3/AccessLog.ts';
import type { StdoutAccessLog } from '../proto/gen/types/envoy/extensions/access_loggers/stream/v3/StdoutAccessLog.ts';
import { structOf } from '../proto/well-known-types.ts';

export type LogSide = 'inbound' | 'outbound' | 'gateway';

/** Namespace of the verdicts, whatever the filters are called (Envoy docs: RBAC filter, "Dynamic metadata"). */
const RBAC = 'envoy.filters.http.rbac';
/** Put before the keys of what audit policies would have done; Envoy adds no separator. */
export const AUDIT_PREFIX = 'audit_';

const COMMON_KEYS = {
  /** When the request or connection began, RFC 3339 with milliseconds. */
  time: '%START_TIME%',
  /** Envoy's response flags, e.g. `UF` for a failed upstream connection; `-` for none. */
  flags: '%RESPONSE_FLAGS%',
  /** The caller's SPIFFE ID out of its certificate; on inbound only. */
  peer: '%DOWNSTREAM_PEER_URI_SAN%',
  /** Address of the connection's other end. */
  peerAddress: '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%',
  /** The cluster it went to (see `proto/names.ts`) and the address within it. */
  cluster: '%UPSTREAM_CLUSTER%',
  upstreamHost: '%UPSTREAM_HOST%',
  upstreamFailure: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
  durationMs: '%DURATION%',
  bytesReceived: '%BYTES_RECEIVED%',
  bytesSent: '%BYTES_SENT%',
};

const HTTP_KEYS = {
  ...COMMON_KEYS,
  method: '%REQ(:METHOD)%',
  /** As normalised, without the query. */
  path: '%PATH(NQ)%',
  host: '%REQ(:AUTHORITY)%',
  status: '%RESPONSE_CODE%',
  /** Why that status: e.g. `via_upstream`, `rbac_access_denied_matched_policy[none]`. */
  details: '%RESPONSE_CODE_DETAILS%',
  /** Id of the policy that decided, of an allowed request too; absent for the default deny. Inbound only. */
  policy: `%DYNAMIC_METADATA(${RBAC}:enforced_effective_policy_id)%`,
  /** Id of the audit policy that would have denied. Inbound only. */
  audit: `%DYNAMIC_METADATA(${RBAC}:${AUDIT_PREFIX}shadow_effective_policy_id)%`,
  requestId: '%REQ(X-REQUEST-ID)%',
};

const TCP_KEYS = {
  ...COMMON_KEYS,
  /** Why Envoy ended the connection, if it did. */
  details: '%CONNECTION_TERMINATION_DETAILS%',
  /** The filter chain, which names port and caller: `tcp|5432|orders`. */
  chain: '%FILTER_CHAIN_NAME%',
  serverName: '%REQUESTED_SERVER_NAME%',
};

function stdoutLog(side: LogSide, service: string, keys: Readonly<Record<string, string>>): AccessLog {
  return {
    name: 'envoy.access_loggers.stdout',
    typed_config: pack<StdoutAccessLog>('envoy.extensions.access_loggers.stream.v3.StdoutAccessLog', {
      log_format: {
        json_format: structOf({ log: 'portcullis', side, service, ...keys }),
        omit_empty_values: true,
      },
    }),
  };
}

export const httpAccessLog = (side: LogSide, service: string) => stdoutLog(side, service, HTTP_KEYS);
export const tcpAccessLog = (side: LogSide, service: string) => stdoutLog(side, service, TCP_KEYS);
