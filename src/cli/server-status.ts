/** What `/status` answers and `portcullis status` shows. */

import type { ControlPlane } from '../control/control-plane.ts';
import type { DocumentInForce } from '../control/document-in-force.ts';
import type { GatewayCertificates } from '../control/gateway-certificates.ts';
import type { InstanceStatus } from '../control/presence.ts';
import type { ProxyStatus } from '../control/proxy-status.ts';
import type { RecordedRefusal } from '../control/refusal-log.ts';
import { formatViolation } from '../mesh/violation.ts';

export interface ServerStatus {
  readonly document: {
    readonly path: string;
    readonly inForce:
      | { readonly mesh: string; readonly revision: number; readonly digest: string; readonly since: number }
      | undefined;
    readonly problem: { readonly since: number; readonly violations: readonly string[] } | undefined;
  };
  readonly proxies: readonly ProxyStatus[];
  /** `address:port` by service. */
  readonly endpoints: Readonly<Record<string, readonly string[]>>;
  /** Who serves, who is being proven, who just left. */
  readonly instances: readonly InstanceStatus[];
  /** So many instances left together that none is removed. */
  readonly isFrozen: boolean;
  readonly refusals: readonly RecordedRefusal[];
  /** By secret name: why a gateway's certificate files cannot be used. */
  readonly gatewayCertificates: Readonly<Record<string, string>>;
}

export function serverStatus(
  path: string,
  document: DocumentInForce,
  plane: ControlPlane,
  gatewayCertificates: GatewayCertificates,
): ServerStatus {
  const { state, problem } = document;
  return {
    document: {
      path,
      inForce: state && {
        mesh: state.mesh.name,
        revision: state.revision,
        digest: state.digest,
        since: state.since,
      },
      problem: problem && { since: problem.since, violations: problem.violations.map(formatViolation) },
    },
    proxies: plane.proxies(),
    endpoints: plane.endpoints(),
    instances: plane.instances(),
    isFrozen: plane.isFrozen,
    refusals: plane.refusals(),
    gatewayCertificates: gatewayCertificates.problems(),
  };
}
