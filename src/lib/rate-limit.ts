import type { Clock } from './clock.ts';

export interface RateLimitOptions {
  readonly clock: Clock;
  /** How many may come at once. */
  readonly burst: number;
  /** One more may come after each of these. */
  readonly refillMs: number;
  /** Keys counted at the same time; beyond, the one that was counted longest ago starts anew. */
  readonly maxKeys: number;
}

interface Bucket {
  level: number;
  /** Up to when `level` counts what was refilled. */
  at: number;
}

/** A token bucket for each key, in bounded memory: who has not spent anything is not remembered. */
export class RateLimit {
  readonly #options: RateLimitOptions;
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: RateLimitOptions) {
    this.#options = options;
  }

  /** Spends one, if there is one. */
  take(key: string): boolean {
    const bucket = this.#bucketOf(key);
    if (bucket.level < 1) return false;
    bucket.level -= 1;
    return true;
  }

  /** Whether `take` would say no. */
  isSpent(key: string): boolean {
    return this.#buckets.has(key) && this.#bucketOf(key).level < 1;
  }

  /** Filled up to now, and the newest in the order of the map. */
  #bucketOf(key: string): Bucket {
    const { clock, burst, refillMs, maxKeys } = this.#options;
    const now = clock.now();
    const { level, at } = this.#buckets.get(key) ?? { level: burst, at: now };
    const passedMs = Math.max(0, now - at); // a clock that is set back refills nothing
    const bucket = { level: Math.min(burst, level + passedMs / refillMs), at: now };
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > maxKeys && oldest !== undefined) this.#buckets.delete(oldest);
    return bucket;
  }
}
