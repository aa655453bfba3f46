import { type IssuedToken, issueToken } from '../identity/token.ts';
import { openTokenSigner } from '../identity/token-key.ts';
import { systemClock } from '../lib/clock.ts';
import type { Mesh } from '../mesh/mesh.ts';
import { closest } from '../mesh/suggest.ts';
import { openStore } from '../store/store.ts';
import { UsageError } from './verb.ts';

export interface JoinTokenRequest {
  readonly state: string;
  readonly mesh: Mesh;
  readonly service: string;
  readonly instance?: string | undefined;
  readonly cidr?: string | undefined;
  readonly ttlMs: number;
}

/**
 * Issues a join token with the key in the state folder, which is made if there is none yet, and records it there.
 * @throws UsageError if the document knows no such service or gateway
 */
export async function issueJoinToken({ state, mesh, ...token }: JoinTokenRequest): Promise<IssuedToken> {
  const names = [...mesh.services.keys(), ...mesh.gateways.keys()];
  if (!names.includes(token.service)) {
    const guess = closest(token.service, names);
    const hint = guess === undefined ? `it has ${names.join(', ')}` : `did you mean "${guess}"?`;
    throw new UsageError(`the document has no service or gateway "${token.service}" (${hint})`);
  }
  const store = await openStore(state, systemClock);
  try {
    const signer = await openTokenSigner(store.tokenKey, mesh.name);
    const now = systemClock.now();
    const issued = await issueToken(signer, { ...token, now });
    await store.tokens.record({
      jti: issued.jti,
      service: token.service,
      instance: token.instance,
      cidr: token.cidr,
      label: undefined,
      issuedAt: now,
      expiresAt: issued.expiresAt,
    });
    return issued;
  } finally {
    await store.close();
  }
}
