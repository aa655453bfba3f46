import type { TokenClaims } from '../identity/token.ts';
import type { KnownToken, TokenRecord, Tokens } from '../store/tokens.ts';

/** Verified and not revoked; or why it counts for nothing, for the log. */
export type KnownTokenVerdict =
  | { readonly ok: true; readonly token: KnownToken }
  | { readonly ok: false; readonly why: string };

/**
 * What the store says of a token whose signature is good. One that it does not know was issued by the mesh's key all the
 * same, say after the backup that this state was restored from: it is taken, and known from its first use on.
 */
export async function knownToken(
  tokens: Pick<Tokens, 'get' | 'record'>,
  claims: TokenClaims,
): Promise<KnownTokenVerdict> {
  const token = (await tokens.get(claims.jti)) ?? (await recordFirstUse(tokens, claims));
  if (token.revokedAt === undefined) return { ok: true, token };
  const why = `the token ${claims.jti} was revoked, or replaced by its successor`;
  return { ok: false, why };
}

async function recordFirstUse(tokens: Pick<Tokens, 'record'>, claims: TokenClaims): Promise<KnownToken> {
  const { jti, sub: service, instance, cidr, iat, exp } = claims;
  const record: TokenRecord = {
    ...{ jti, service, instance, cidr, label: undefined },
    ...{ issuedAt: iat * 1_000, expiresAt: exp * 1_000 },
  };
  await tokens.record(record);
  return { ...record, revokedAt: undefined, binding: undefined };
}
