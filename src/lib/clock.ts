/** The only place that knows the time of day or sets a timer; everything else takes a `Clock`. */

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls back once after `delayMs`. A pending timer keeps the process alive only if it is told to. */
  schedule(delayMs: number, callback: () => void, keepsProcessAlive?: boolean): Timer;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(delayMs, callback, keepsProcessAlive = false) {
    const handle = setTimeout(callback, delayMs);
    if (!keepsProcessAlive) handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Resolves after `delayMs` of the clock's time. */
export function delay(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.schedule(delayMs, resolve, true);
  });
}
