import type { Clock, Timer } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';

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
 * @param from not sooner than this; what is left of the window from then on, so that a fleet spreads again
 */
export function renewAt(span: Lifespan, random: () => number, from: number = span.issuedAt): number {
  const lifeMs = span.notAfter - span.issuedAt;
  const earliest = Math.max(from, span.issuedAt + 0.5 * lifeMs);
  const latest = span.issuedAt + 0.7 * lifeMs;
  return earliest + Math.max(0, latest - earliest) * random();
}

export interface RotationOptions<T extends Lifespan> {
  /** One that is alive already. */
  readonly held?: T | undefined;
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
    if (options.held) this.#hold(options.held);
  }

  /**
   * The one that is alive, if it is fit; else a successor. Rejects with what `issue` threw if there is none.
   * @param isFit of every successor too
   */
  async current(isFit: (held: T) => boolean = () => true): Promise<T> {
    const held = this.#held;
    if (held !== undefined && isFit(held) && !this.#isDue(held)) return held;
    try {
      return await this.#renew();
    } catch (error) {
      const isAlive = held !== undefined && this.#options.clock.now() < held.notAfter;
      if (isAlive && isFit(held)) return held;
      throw error;
    }
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
    const { issue, clock, onRenewed, onFailed } = this.#options;
    const held = this.#held;
    const next = await issue().catch((error) => {
      if (held !== undefined) {
        this.#sleep((held.notAfter - clock.now()) / 10);
        onFailed(messageOf(error));
      }
      throw error;
    });
    this.#hold(next);
    if (held !== undefined && !this.#isStopped) onRenewed(next);
    return next;
  }

  #hold(held: T): void {
    const { clock, random } = this.#options;
    this.#held = held;
    this.#dueAt = renewAt(held, random, clock.now());
    this.#sleep(this.#dueAt - clock.now());
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
    this.#renew().catch(() => {}); // told by onFailed
  }
}
