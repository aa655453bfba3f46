import type { EventRing } from '../control/event-ring.ts';
import type { Joined } from '../control/join-gate.ts';
import type { Revocation } from '../control/revocation.ts';
import type { Clock } from '../lib/clock.ts';
import { RateLimit } from '../lib/rate-limit.ts';
import { resourceTypeOf } from '../proto/resource-types.ts';
import type { XdsEvents } from '../xds/events.ts';

/** Anybody can cause refusals; they must not push everything else out of the ring. */
const REFUSALS_TOLD = { burst: 20, refillMs: 10_000, maxKeys: 1_000 } as const;

/** What the xDS server tells: to the control plane first, then to those who keep tokens and tell of events. */
export function toldEvents(
  plane: Required<Pick<XdsEvents, 'connected' | 'nacked' | 'refused' | 'disconnected'>> & XdsEvents,
  revocation: () => Pick<Revocation, 'admitted'>,
  ring: Pick<EventRing, 'record'>,
  clock: Clock,
): XdsEvents {
  const refusals = new RateLimit({ clock, ...REFUSALS_TOLD });
  return {
    ...plane,
    connected(stream) {
      plane.connected(stream);
      void revocation().admitted(stream);
      const { nodeId: node, peerAddress } = stream;
      ring.record({ kind: 'joined', node, peerAddress, jti: (stream.subject as Joined).tokenId });
    },
    nacked(stream, event) {
      plane.nacked(stream, event);
      const type = resourceTypeOf(event.typeUrl)?.api ?? event.typeUrl;
      ring.record({ kind: 'nacked', node: stream.nodeId, type, why: event.message });
    },
    refused(refusal) {
      plane.refused(refusal);
      const { nodeId: node, peerAddress, why } = refusal;
      if (refusals.take(peerAddress)) ring.record({ kind: 'refused', node, peerAddress, why });
    },
    disconnected(stream, why) {
      plane.disconnected(stream, why);
      ring.record({ kind: 'left', node: stream.nodeId, why });
    },
  };
}
