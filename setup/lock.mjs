/** One set-up at a time in a checkout: a folder that whoever made it keeps touching, so that a killed one does not block. */
import { mkdirSync, rmdirSync, rmSync, statSync, utimes } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 200;
const TOUCH_MS = 2_000;
const STALE_MS = 15_000;

/**
 * Runs the task while holding the lock.
 * @template T
 * @param {string} folder the lock; its parent is made if missing
 * @param {() => void} onWait called once if somebody else holds it
 * @param {() => Promise<T>} task
 * @returns {Promise<T>}
 */
export async function withLock(folder, onWait, task) {
  // the command line keeps secrets in there, too, and insists on a folder of its own
  mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
  if (!acquire(folder)) {
    onWait();
    while (!acquire(folder)) await sleep(POLL_MS);
  }
  const touching = setInterval(() => utimes(folder, new Date(), new Date(), () => {}), TOUCH_MS);
  const release = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', release);
  try {
    return await task();
  } finally {
    clearInterval(touching);
    process.off('exit', release);
    release();
  }
}

/** @param {string} folder */
function acquire(folder) {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
  }
  try {
    if (Date.now() - statSync(folder).mtimeMs > STALE_MS) rmdirSync(folder);
  } catch {
    // its holder has just let go, or another waiter removed it: the next try tells
  }
  return false;
}
