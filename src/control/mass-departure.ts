/**
 * Tells a fleet that went away together from instances that stop one by one. When the control plane's own network
 * fails, everybody seems to leave, and believing it would empty everybody's endpoints.
 */

export interface MassDepartureLimits {
  /** Departures closer together than this belong together. */
  readonly windowMs: number;
  /** Of all instances, those that left included. */
  readonly share: number;
  /** Below this many, stopping instances by hand is likelier than a failure. */
  readonly atLeast: number;
}

export const MASS_DEPARTURE: MassDepartureLimits = { windowMs: 10_000, share: 0.3, atLeast: 3 };

/**
 * Whether so many of `total` instances left within one window that it must not be believed.
 * @param departedAt when each of those that are gone left, in milliseconds, in any order
 */
export function isMassDeparture(
  departedAt: readonly number[],
  total: number,
  { windowMs, share, atLeast }: MassDepartureLimits = MASS_DEPARTURE,
): boolean {
  const sorted = [...departedAt].sort((a, b) => a - b);
  return sorted.some((start, index) => {
    const together = sorted.slice(index).filter((at) => at - start <= windowMs).length;
    return together >= atLeast && together > share * total;
  });
}
