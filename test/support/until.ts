import { delay, systemClock } from '../../src/lib/clock.ts';

const POLL_MS = 5;

/** Asks until the answer is yes, or fails with what did not happen in time. */
export async function until(
  timeoutMs: number,
  complaint: string | (() => string),
  ask: () => boolean | Promise<boolean>,
): Promise<void> {
  const start = systemClock.now();
  while (!(await ask())) {
    if (systemClock.now() - start > timeoutMs) {
      const what = typeof complaint === 'string' ? complaint : complaint();
      throw new Error(`${what} within ${timeoutMs} ms`);
    }
    await delay(systemClock, POLL_MS);
  }
}
