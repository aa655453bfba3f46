import type { Clock } from '../lib/clock.ts';

export interface Refusal {
  readonly nodeId: string;
  readonly peerAddress: string;
  readonly why: string;
}

export interface RecordedRefusal extends Refusal {
  /** Milliseconds since the epoch. */
  readonly at: number;
}

const KEPT = 50;
const NODE_ID_SHOWN = 256;

/** The newest refused joins, for `status`; bounded, since anybody who reaches the port can cause one. */
export class RefusalLog {
  readonly #clock: Clock;
  readonly #recorded: RecordedRefusal[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(refusal: Refusal): void {
    this.#recorded.push({
      ...refusal,
      nodeId: refusal.nodeId.slice(0, NODE_ID_SHOWN),
      at: this.#clock.now(),
    });
    if (this.#recorded.length > KEPT) this.#recorded.shift();
  }

  /** Oldest first. */
  list(): readonly RecordedRefusal[] {
    return [...this.#recorded];
  }
}
