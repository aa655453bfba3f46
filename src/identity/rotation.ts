import type { Clock, Timer } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Authority } from './authority.ts';
import { issueSvid, type Svid } from './svid.ts';

/** What renewal needs to know of a certificate. Milliseconds since the Unix epoch. */
export interface Lifespan {
  readonly issuedAt: number;
  readonly notBefore: number;
  readonly notAfter: number;
}

/**
 * When to renew: a random point in 50–70 % of the life, so that a fleet that joined at once does not renew at once.
 * Life counts from the issuing; `notBefore` lies further back.
 * @param random at least 0, less than 1
 */
export function renewAt(span: Lifespan, random: () => number): number {
  return span.issuedAt + (span.notAfter - span.issuedAt) * (0.5 + 0.2 * random());
}

export interface RotationOptions<T extends Lifespan> {
  readonly issue: () => Promise<T>;
  readonly clock: Clock;
  readonly random: () => number;
  /** A successor is there. Not called for the first. */
  readonly onRenewed: (renewed: T) => void;
  /** Renewal failed; it is tried again, and the predecessor stays as long as it lives. */
  readonly onFailed: (why: string) => void;
}

/**
 * How long a rotation sleeps at most before it looks at the clock again: a clock that was set, a suspended process and
 * lives beyond the longest timer (24 days) then need no rule of their own.
 */
const MAX_SLEEP_MS = 60_000;
/** And at least: near the end of an authority, lives shrink towards nothing. */
const MIN_SLEEP_MS = 1_000;

/** Keeps one certificate alive: issues it when first asked for, then renews it in time until stopped. */
export class Rotation<T extends Lifespan> {
  readonly #options: RotationOptions<T>;
  #held: T | undefined;
  #dueAt = 0;
  #issuing: Promise<T> | undefined;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: RotationOptions<T>) {
    this.#options = options;
  }

  /** The one that is alive. Rejects with what `issue` threw if there is none. */
  current(): Promise<T> {
    return this.#held === undefined || this.#isDue(this.#held) ? this.#renew() : Promise.resolve(this.#held);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #isDue(held: T): boolean {
    const now = this.#options.clock.now();
    return now >= this.#dueAt || now < held.notBefore;
  }

  #renew(): Promise<T> {
    this.#issuing ??= this.#issueNext().finally(() => {
      this.#issuing = undefined;
    });
    return this.#issuing;
  }

  async #issueNext(): Promise<T> {
    const { issue, clock, random, onRenewed, onFailed } = this.#options;
    const held = this.#held;
    let next: T;
    try {
      next = await issue();
    } catch (error) {
      if (held === undefined) throw error;
      this.#sleep((held.notAfter - clock.now()) / 10);
      if (clock.now() >= held.notAfter) throw error;
      onFailed(messageOf(error));
      return held;
    }
    this.#held = next;
    this.#dueAt = renewAt(next, random);
    this.#sleep(this.#dueAt - clock.now());
    if (held !== undefined && !this.#isStopped) onRenewed(next);
    return next;
  }

  #sleep(delayMs: number): void {
    this.#timer?.cancel();
    if (this.#isStopped) return;
    const sleepMs = Math.min(Math.max(delayMs, MIN_SLEEP_MS), MAX_SLEEP_MS);
    this.#timer = this.#options.clock.schedule(sleepMs, () => this.#wake());
  }

  #wake(): void {
    const held = this.#held as T;
    if (!this.#isDue(held)) {
      this.#sleep(this.#dueAt - this.#options.clock.now());
      return;
    }
    this.#renew().catch((error) => this.#options.onFailed(messageOf(error)));
  }
}

export interface SvidBookOptions {
  readonly authority: Authority;
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  /** To be pushed to that proxy. */
  readonly onRenewed: (nodeId: string, svid: Svid) => void;
  readonly onFailed: (nodeId: string, why: string) => void;
}

interface Entry {
  readonly spiffeId: string;
  readonly rotation: Rotation<Svid>;
}

/** The live SVIDs, one per proxy, in memory only. A proxy that comes back finds the serial that it left with. */
export class SvidBook {
  readonly #options: SvidBookOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: SvidBookOptions) {
    this.#options = options;
  }

  /** The proxy's live SVID, issued if there is none for that identity. Rejects as `issueSvid` does. */
  svidFor(nodeId: string, spiffeId: string): Promise<Svid> {
    const known = this.#entries.get(nodeId);
    if (known?.spiffeId === spiffeId) return known.rotation.current();
    known?.rotation.stop();
    const rotation = this.#rotationOf(nodeId, spiffeId);
    this.#entries.set(nodeId, { spiffeId, rotation });
    return rotation.current();
  }

  /** Drops the proxy's SVID and its renewal. */
  forget(nodeId: string): void {
    this.#entries.get(nodeId)?.rotation.stop();
    this.#entries.delete(nodeId);
  }

  /** Ends all renewal. */
  stop(): void {
    for (const nodeId of [...this.#entries.keys()]) this.forget(nodeId);
  }

  #rotationOf(nodeId: string, spiffeId: string): Rotation<Svid> {
    const { authority, ttlMs, clock, random, onRenewed, onFailed } = this.#options;
    return new Rotation<Svid>({
      issue: () => issueSvid(authority, { spiffeId, ttlMs, now: clock.now() }),
      clock,
      random,
      onRenewed: (svid) => onRenewed(nodeId, svid),
      onFailed: (why) => onFailed(nodeId, why),
    });
  }
}
