import type { KnownToken } from '../store/tokens.ts';

export type TokenState = 'good' | 'expiring' | 'expired' | 'revoked';

/** Renewal is due at the latest at 70 % of a life; what lives on after that has nobody who renews it. */
const EXPIRING_AFTER = 0.7;

/** @param now milliseconds since the Unix epoch */
export function tokenState(
  { issuedAt, expiresAt, revokedAt }: Pick<KnownToken, 'issuedAt' | 'expiresAt' | 'revokedAt'>,
  now: number,
): TokenState {
  if (revokedAt !== undefined) return 'revoked';
  if (now >= expiresAt) return 'expired';
  return now >= issuedAt + (expiresAt - issuedAt) * EXPIRING_AFTER ? 'expiring' : 'good';
}
