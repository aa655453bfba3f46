import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { until } from '../../test/support/until.ts';
import { issueToken, unverifiedClaims } from '../identity/token.ts';
import { openTokenSigner, type TokenSigner } from '../identity/token-key.ts';
import { readTokenFile } from './token-file-renewal.ts';
import { watchTokenFile } from './token-watch.ts';

const TTL_MS = 6 * 3_600_000;
const SOON_MS = 5_000;

let path: string;
let clock: FakeClock;
let signer: TokenSigner;
let stop: AbortController;
let watching: Promise<void>;
let renewed: number;
let failures: string[];
let isBroken: boolean;

const issue = async () =>
  (await issueToken(signer, { service: 'web', ttlMs: TTL_MS, now: clock.now() })).token;

beforeEach(async () => {
  path = join(await temporaryFolder('token-watch'), 'web.token');
  clock = new FakeClock();
  stop = new AbortController();
  [renewed, failures, isBroken, watching] = [0, [], false, Promise.resolve()];
  signer = await openTokenSigner({ load: async () => undefined, save: async () => {} }, 'shop');
});

afterEach(async () => {
  stop.abort();
  await watching;
});

function watch(): void {
  const renew = async () => {
    if (isBroken) throw new Error('no answer');
    return issue();
  };
  const onRenewed = () => {
    renewed += 1;
  };
  const told = { onRenewed, onFailed: (why: string) => void failures.push(why) };
  watching = watchTokenFile({ path, renew, clock, random: () => 0.5, ...told }, stop.signal);
}

/** Moves time on as long as the watch sleeps, a minute at most at a time. */
async function advance(ms: number): Promise<void> {
  const end = clock.now() + ms;
  while (clock.now() < end) {
    await clock.timerSet();
    clock.advance(Math.min(60_000, end - clock.now()));
  }
  await clock.timerSet();
}

it('renews at 60 % of a life, and again at 60 % of the next', async () => {
  await writeFile(path, await issue(), { mode: 0o600 });
  watch();
  await advance(0.59 * TTL_MS);
  expect(renewed).toBe(0);
  await advance(0.02 * TTL_MS);
  expect(renewed).toBe(1);
  await advance(0.5 * TTL_MS);
  expect(renewed).toBe(1);
  await advance(0.12 * TTL_MS);
  expect(renewed).toBe(2);
  expect(failures).toEqual([]);
  expect(unverifiedClaims(await readFile(path, 'utf8'))?.sub).toBe('web');
});

it('tries again, ever more rarely, and goes on when it works', async () => {
  await writeFile(path, await issue(), { mode: 0o600 });
  clock.advance(0.9 * TTL_MS);
  isBroken = true;
  watch();
  await advance(3_600_000);
  expect(failures.length).toBeGreaterThan(10);
  expect(failures.length).toBeLessThan(80);
  isBroken = false;
  await advance(60_000);
  expect(renewed).toBe(1);
});

it('waits for a file that is not there yet, and takes none that others can read', async () => {
  watch();
  await until(SOON_MS, 'nothing was said', () => failures.length > 0);
  expect(failures[0]).toContain('does not exist; "portcullis token create" makes one');
  await writeFile(path, await issue(), { mode: 0o600 });
  await chmod(path, 0o644);
  await expect(readTokenFile(path)).rejects.toMatchObject({ code: 'ERR_STATE' });
});

it('stops when it is told to, at once', async () => {
  await writeFile(path, await issue(), { mode: 0o600 });
  watch();
  await clock.timerSet();
  stop.abort();
  await watching;
  expect(clock.pendingTimers).toBe(0);
});
