import { decode } from '../proto/descriptors.ts';
import type { Cluster__Output } from '../proto/gen/types/envoy/config/cluster/v3/Cluster.ts';
import { CLUSTER } from '../proto/resource-types.ts';
import type { Resource } from './resource.ts';

const known = new WeakMap<Resource, string>();

/**
 * The name under which a cluster asks for its endpoints: `eds_cluster_config.service_name`, else its own. This is the
 * one place that looks into a resource, because the protocol makes delivery depend on it ("Resource warming").
 */
export function loadAssignmentOf(cluster: Resource): string {
  const name = known.get(cluster) ?? serviceName(cluster) ?? cluster.name;
  known.set(cluster, name);
  return name;
}

function serviceName({ bytes }: Resource): string | undefined {
  try {
    return decode<Cluster__Output>(CLUSTER.message, bytes).eds_cluster_config?.service_name || undefined;
  } catch {
    return undefined; // Not ours to judge: the client will refuse the cluster and say why.
  }
}
