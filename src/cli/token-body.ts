import type { TokenBody } from '../admin/schemas.ts';
import { tokenState } from '../control/token-state.ts';
import type { KnownToken } from '../store/tokens.ts';

/**
 * A token as `token list` and the API show it.
 * @param now milliseconds since the Unix epoch
 */
export function tokenBody({ revokedAt, binding, ...token }: KnownToken, now: number): TokenBody {
  return { ...token, state: tokenState({ ...token, revokedAt }, now), binding };
}
