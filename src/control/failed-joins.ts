import type { Clock } from '../lib/clock.ts';
import { RateLimit } from '../lib/rate-limit.ts';

/** Far more than a few sidecars with a bad token need that try again once a second. */
const ALLOWED = { burst: 50, refillMs: 200, maxKeys: 10_000 } as const;

/** How often attempts from one address may fail before nothing more from there is looked at. By peer address. */
export const createFailedJoins = (clock: Clock) => new RateLimit({ clock, ...ALLOWED });
