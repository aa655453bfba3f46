/**
 * The table of resource types: everything that the rest needs to know about a type stands in its row, so that no
 * other file enumerates types.
 */

const PREFIX = 'type.googleapis.com/';

export interface ResourceType {
  /** Short name for people: `LDS` is what delivers a `Listener`. */
  readonly api: 'CDS' | 'EDS' | 'LDS' | 'RDS' | 'ECDS' | 'SDS';
  /** The message's full protobuf name. */
  readonly message: string;
  readonly typeUrl: string;
  /**
   * Position in a push, so that what refers comes after what it refers to (xDS protocol, "Eventual consistency
   * considerations"): clusters, endpoints, secrets, listeners, extension configs, routes.
   */
  readonly order: number;
  /** Whether an empty first subscription means "everything" ("How the client specifies what resources to return"). */
  readonly wildcard: boolean;
  /** Handed out by exact name alone: an explicit `*` is no wildcard here but a name that nothing has. */
  readonly byNameOnly: boolean;
  /** Whether a state-of-the-world response must hold the complete set ("Grouping resources into responses"). */
  readonly fullState: boolean;
  /** The type whose resources refer to these by name. */
  readonly referredBy: readonly ResourceType['api'][];
}

function row(
  api: ResourceType['api'],
  message: string,
  order: number,
  traits: Pick<ResourceType, 'wildcard' | 'byNameOnly' | 'fullState' | 'referredBy'>,
): ResourceType {
  return { api, message, typeUrl: PREFIX + message, order, ...traits };
}

export const CLUSTER = row('CDS', 'envoy.config.cluster.v3.Cluster', 0, {
  wildcard: true,
  byNameOnly: false,
  fullState: true,
  referredBy: ['RDS', 'LDS'],
});
export const ENDPOINTS = row('EDS', 'envoy.config.endpoint.v3.ClusterLoadAssignment', 1, {
  wildcard: false,
  byNameOnly: false,
  fullState: false,
  referredBy: ['CDS'],
});
export const SECRET = row('SDS', 'envoy.extensions.transport_sockets.tls.v3.Secret', 2, {
  wildcard: false,
  byNameOnly: true,
  fullState: false,
  referredBy: ['CDS', 'LDS'],
});
export const LISTENER = row('LDS', 'envoy.config.listener.v3.Listener', 3, {
  wildcard: true,
  byNameOnly: false,
  fullState: true,
  referredBy: [],
});
export const EXTENSION_CONFIG = row('ECDS', 'envoy.config.core.v3.TypedExtensionConfig', 4, {
  wildcard: false,
  byNameOnly: false,
  fullState: false,
  referredBy: ['LDS'],
});
export const ROUTE = row('RDS', 'envoy.config.route.v3.RouteConfiguration', 5, {
  wildcard: false,
  byNameOnly: false,
  fullState: false,
  referredBy: ['LDS'],
});

/** In push order. */
export const RESOURCE_TYPES: readonly ResourceType[] = [
  CLUSTER,
  ENDPOINTS,
  SECRET,
  LISTENER,
  EXTENSION_CONFIG,
  ROUTE,
].sort((a, b) => a.order - b.order);

const BY_URL: ReadonlyMap<string, ResourceType> = new Map(RESOURCE_TYPES.map((type) => [type.typeUrl, type]));

/** The row of a type URL, or undefined if we do not serve it. */
export function resourceTypeOf(typeUrl: string): ResourceType | undefined {
  return BY_URL.get(typeUrl);
}

/** The type URL of any message, as `Any.type_url` and JSON's `@type` spell it. */
export function typeUrlOf(message: string): string {
  return PREFIX + message;
}
