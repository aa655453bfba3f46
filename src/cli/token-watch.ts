import { renewAt } from '../identity/rotation.ts';
import type { TokenClaims } from '../identity/token.ts';
import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import { type Renew, type RenewedFile, readTokenFile, renewTokenFile } from './token-file-renewal.ts';

export interface TokenWatchOptions {
  readonly path: string;
  readonly renew: Renew;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onRenewed: (renewed: RenewedFile) => void;
  /** It is tried again. */
  readonly onFailed: (why: string) => void;
}

/** The file is looked at this often: somebody else may replace it, and the clock may be set. */
const MAX_SLEEP_MS = 60_000;
const MIN_SLEEP_MS = 1_000;

/** Renews the token of a file in 50 to 70 % of each life, for as long as the signal lets it. */
export async function watchTokenFile(options: TokenWatchOptions, signal: AbortSignal): Promise<void> {
  const { clock, onFailed } = options;
  const look = createLook(options);
  let failures = 0;
  while (!signal.aborted) {
    let sleepMs: number;
    try {
      sleepMs = await look();
      failures = 0;
    } catch (error) {
      onFailed(messageOf(error));
      sleepMs = MIN_SLEEP_MS * 2 ** failures;
      failures += 1;
    }
    await sleep(clock, Math.min(Math.max(sleepMs, MIN_SLEEP_MS), MAX_SLEEP_MS), signal);
  }
}

/** Renews the token if that is due, and answers how long it is until the next look. */
function createLook({ path, renew, clock, random, onRenewed }: TokenWatchOptions): () => Promise<number> {
  let due = { jti: '', at: 0 };
  return async () => {
    const { claims } = await readTokenFile(path);
    if (claims.jti !== due.jti) due = { jti: claims.jti, at: dueAt(claims, random) };
    const untilDueMs = due.at - clock.now();
    if (untilDueMs > 0) return untilDueMs;
    onRenewed(await renewTokenFile(path, renew));
    return 0;
  };
}

function dueAt({ iat, exp }: TokenClaims, random: () => number): number {
  const issuedAt = iat * 1_000;
  return renewAt({ issuedAt, notBefore: issuedAt, notAfter: exp * 1_000 }, random);
}

function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      timer.cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = clock.schedule(delayMs, finish, true);
    signal.addEventListener('abort', finish);
  });
}
