import type { Clock } from '../lib/clock.ts';

/** What happens in a running mesh that people and programs may want to hear of; without secrets. */
export type Occurrence =
  | { readonly kind: 'joined'; readonly node: string; readonly peerAddress: string; readonly jti: string }
  | { readonly kind: 'left'; readonly node: string; readonly why: string }
  | { readonly kind: 'refused'; readonly node: string; readonly peerAddress: string; readonly why: string }
  | { readonly kind: 'nacked'; readonly node: string; readonly type: string; readonly why: string }
  | { readonly kind: 'document-taken'; readonly revision: number; readonly digest: string }
  | { readonly kind: 'document-refused'; readonly violations: readonly string[] }
  | { readonly kind: 'certificate-renewed'; readonly node: string; readonly serial: string }
  | {
      readonly kind: 'token-renewed';
      readonly jti: string;
      readonly predecessor: string;
      readonly service: string;
    }
  | { readonly kind: 'token-revoked'; readonly jti: string; readonly service: string }
  | { readonly kind: 'command'; readonly actor: string; readonly command: string };

export type RecordedOccurrence = Occurrence & {
  /** Counts from 1 as long as the server lives. */
  readonly seq: number;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
};

const KEPT = 1_000;

/** The newest occurrences, for whoever asks, and each as it comes, for whoever listens. */
export class EventRing {
  readonly #clock: Clock;
  readonly #kept: RecordedOccurrence[] = [];
  readonly #listeners = new Set<(event: RecordedOccurrence) => void>();
  #newest = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  record(occurrence: Occurrence): void {
    this.#newest += 1;
    const event = { seq: this.#newest, at: this.#clock.now(), ...occurrence };
    this.#kept.push(event);
    if (this.#kept.length > KEPT) this.#kept.shift();
    for (const listener of [...this.#listeners]) listener(event);
  }

  /** The seq of the newest, 0 if there is none. */
  get newest(): number {
    return this.#newest;
  }

  /** Those after `seq`, oldest first. A `seq` that was not reached yet is of an earlier start: all of them then. */
  after(seq: number): readonly RecordedOccurrence[] {
    const known = seq > this.#newest ? 0 : seq;
    return this.#kept.filter((event) => event.seq > known);
  }

  /** Calls back with each from now on. Returns what ends that. */
  subscribe(listener: (event: RecordedOccurrence) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
