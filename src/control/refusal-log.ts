import type { Clock } from '../lib/clock.ts';

export interface Refusal {
  readonly nodeId: string;
  readonly peerAddress: string;
  readonly why: string;
}

export interface RecordedRefusal extends Refusal {
  /** The last time, in milliseconds since the epoch. */
  readonly at: number;
  /** How often. */
  readonly count: number;
}

const KEPT = 50;
const NODE_ID_SHOWN = 256;

/**
 * The newest refused joins, for `status`: equal ones as one, and bounded, since anybody who reaches the port can cause
 * them. Who causes the most is forgotten first, so that a flood from one address does not hide what others suffer.
 */
export class RefusalLog {
  readonly #clock: Clock;
  /** In the order of their last times. */
  readonly #recorded = new Map<string, RecordedRefusal>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add({ nodeId, peerAddress, why }: Refusal): void {
    const refusal = { nodeId: nodeId.slice(0, NODE_ID_SHOWN), peerAddress, why };
    const key = JSON.stringify(refusal);
    const count = (this.#recorded.get(key)?.count ?? 0) + 1;
    this.#recorded.delete(key);
    this.#recorded.set(key, { ...refusal, count, at: this.#clock.now() });
    if (this.#recorded.size > KEPT) this.#forgetOne();
  }

  /** Oldest first. */
  list(): readonly RecordedRefusal[] {
    return [...this.#recorded.values()];
  }

  #forgetOne(): void {
    const byAddress = Map.groupBy(this.#recorded, ([, { peerAddress }]) => peerAddress);
    const [busiest] = [...byAddress.values()].sort((a, b) => b.length - a.length);
    const [key] = busiest?.[0] ?? [];
    if (key !== undefined) this.#recorded.delete(key);
  }
}
