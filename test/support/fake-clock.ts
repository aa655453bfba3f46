import type { Clock, Timer } from '../../src/lib/clock.ts';

interface Pending {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** Time that stands still until a test moves it. Timers fire in the order they are due, those set meanwhile too. */
export class FakeClock implements Clock {
  #nowMs: number;
  readonly #pending = new Set<Pending>();
  #waiting: (() => void)[] = [];

  constructor(nowMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, callback: () => void): Timer {
    const timer: Pending = { dueMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#pending.add(timer);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
    return { cancel: () => this.#pending.delete(timer) };
  }

  /** How many timers are set. */
  get pendingTimers(): number {
    return this.#pending.size;
  }

  /** Resolves once a timer is set: at once if one is. Lets a test wait for code that reads a file first. */
  timerSet(): Promise<void> {
    if (this.#pending.size > 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Moves time on and fires what is due on the way, each at its own moment. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (let next = this.#nextDue(endMs); next; next = this.#nextDue(endMs)) {
      this.#pending.delete(next);
      this.#nowMs = next.dueMs;
      next.callback();
    }
    this.#nowMs = endMs;
  }

  #nextDue(endMs: number): Pending | undefined {
    let earliest: Pending | undefined;
    for (const timer of this.#pending) {
      if (timer.dueMs <= endMs && (!earliest || timer.dueMs < earliest.dueMs)) earliest = timer;
    }
    return earliest;
  }
}
