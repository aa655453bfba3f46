import {
  CLUSTER,
  ENDPOINTS,
  EXTENSION_CONFIG,
  LISTENER,
  type ResourceType,
  ROUTE,
  SECRET,
} from '../proto/resource-types.ts';

/** A discovery service and its methods; `type` is undefined where one stream carries all types (ADS). */
export interface DiscoveryService {
  readonly service: string;
  readonly delta: string;
  readonly type: ResourceType | undefined;
}

/** xDS protocol, "RPC Services and Methods for Each Variant". */
export const DISCOVERY_SERVICES: readonly DiscoveryService[] = [
  {
    service: 'envoy.service.discovery.v3.AggregatedDiscoveryService',
    delta: 'DeltaAggregatedResources',
    type: undefined,
  },
  { service: 'envoy.service.cluster.v3.ClusterDiscoveryService', delta: 'DeltaClusters', type: CLUSTER },
  { service: 'envoy.service.endpoint.v3.EndpointDiscoveryService', delta: 'DeltaEndpoints', type: ENDPOINTS },
  { service: 'envoy.service.secret.v3.SecretDiscoveryService', delta: 'DeltaSecrets', type: SECRET },
  { service: 'envoy.service.listener.v3.ListenerDiscoveryService', delta: 'DeltaListeners', type: LISTENER },
  {
    service: 'envoy.service.extension.v3.ExtensionConfigDiscoveryService',
    delta: 'DeltaExtensionConfigs',
    type: EXTENSION_CONFIG,
  },
  { service: 'envoy.service.route.v3.RouteDiscoveryService', delta: 'DeltaRoutes', type: ROUTE },
];
