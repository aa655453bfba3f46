import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { RateLimit } from '../lib/rate-limit.ts';

/** Says in the log why a peer gets no stream. */
export type RefusalReporter = (refusal: {
  readonly node: string;
  readonly peer: string;
  readonly why: string;
}) => void;

/** Lines in a row, and then one a minute: enough to see what is wrong at one address. */
const BY_PEER = { burst: 20, refillMs: 60_000, maxKeys: 1_000 } as const;
/** At most about 9,000 lines a day, whoever knocks: a flood may not fill the disk. */
const IN_ALL = { burst: 200, refillMs: 10_000, maxKeys: 1 } as const;

/** What is left out is counted in the next line. */
export function createRefusalReporter(logger: Logger, clock: Clock): RefusalReporter {
  const byPeer = new RateLimit({ clock, ...BY_PEER });
  const inAll = new RateLimit({ clock, ...IN_ALL });
  let unlogged = 0;
  return (refusal) => {
    if (!byPeer.take(refusal.peer) || !inAll.take('')) {
      unlogged += 1;
      return;
    }
    logger.warn({ ...refusal, ...(unlogged > 0 && { unlogged }) }, 'refused a stream');
    unlogged = 0;
  };
}
