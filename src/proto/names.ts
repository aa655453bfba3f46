/**
 * Every name of an Envoy resource is made and parsed here, and nowhere else: `compile` and `identity` make them,
 * `telemetry` reads them back out of access logs. Renaming one breaks dashboards and forces every proxy to swap
 * the resource, so treat them as a public contract.
 *
 * A cluster is never named like a host (Envoy's DNS filter would answer for it), hence the bars.
 */

/** The inbound mTLS listener of a proxy, and its route configuration for one port of the service. */
export const INBOUND_LISTENER = 'inbound';
/** The explicit-proxy listener on the sidecar's loopback, and its route configuration. */
export const OUTBOUND_LISTENER = 'outbound';

/** Secret names are generic on purpose: a proxy has no way to spell another's. */
export const SVID_SECRET = 'svid';
export const TRUST_BUNDLE_SECRET = 'trust-bundle';

/** HTTP and network filter names; policy by route is attached under these. */
export const DENY_FILTER = 'portcullis.rbac.deny';
export const ALLOW_FILTER = 'portcullis.rbac.allow';

export const inboundRoute = (port: string) => `inbound|${port}`;
export const isInboundRoute = (name: string) => name.startsWith(inboundRoute(''));
export const OUTBOUND_ROUTE = 'outbound';
export const gatewayListener = (port: number) => `gateway|${port}`;
export const gatewayRoute = (port: number) => `gateway|${port}`;
export const gatewayCertificateSecret = (gateway: string, port: number) =>
  `gateway-certificate|${gateway}|${port}`;

/** The cluster through which callers reach one port of a service, and its endpoints. */
export const upstreamCluster = (service: string, port: string) => `out|${service}|${port}`;
/** The cluster through which a sidecar reaches its own app. */
export const localCluster = (port: string) => `app|${port}`;

/** Server names on the wire between sidecars. They select a filter chain; the certificate decides. */
export const callerServerName = (caller: string, port: string) => `${port}.${caller}.from`;
/** Asked for by the control plane, to be shown the certificate that an inbound listener really has. */
export const PRESENCE_SERVER_NAME = 'presence.portcullis';
export const portServerName = (port: string) => `${port}.port`;

/** Numbered within the callee, because Envoy reports the lexicographically first policy that matches. */
export const policyId = (order: number, policy: string) => `${String(order).padStart(4, '0')}-${policy}`;

/** The policy's name out of its id. */
export function parsePolicyId(id: string): { order: number; policy: string } | undefined {
  const match = /^(\d{4,})-(.+)$/.exec(id);
  return match ? { order: Number(match[1]), policy: match[2] as string } : undefined;
}

/** The service and port out of an upstream cluster's name. */
export function parseUpstreamCluster(name: string): { service: string; port: string } | undefined {
  const [direction, service, port, ...rest] = name.split('|');
  if (direction !== 'out' || !service || !port || rest.length > 0) return undefined;
  return { service, port };
}

export interface NodeName {
  readonly service: string;
  readonly instance: string;
}

const NODE_ID = /^([a-z][a-z0-9-]{0,39})\/([a-z0-9][a-z0-9._-]{0,62})$/;

/** `orders/1` as the node id of instance 1 of orders; undefined if the text is no node id. */
export function parseNodeId(id: string): NodeName | undefined {
  const match = NODE_ID.exec(id);
  return match ? { service: match[1] as string, instance: match[2] as string } : undefined;
}

export const nodeId = (node: NodeName) => `${node.service}/${node.instance}`;
