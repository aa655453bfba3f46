import { parseAddressRange } from '../identity/address-range.ts';
import type { TokenVerdict } from '../identity/token.ts';
import type { TokenSigner } from '../identity/token-key.ts';
import type { Clock } from '../lib/clock.ts';
import { RateLimit } from '../lib/rate-limit.ts';
import type { Mesh } from '../mesh/mesh.ts';
import type { Commands } from '../store/commands.ts';
import type { Tokens } from '../store/tokens.ts';
import { carryOut } from './carry-out.ts';
import type { EventRing } from './event-ring.ts';
import { issueRecorded } from './issue-recorded.ts';
import { knownToken } from './known-token.ts';

export interface TokenRenewalOptions {
  readonly mesh: () => Mesh | undefined;
  readonly verifyToken: (token: string) => Promise<TokenVerdict>;
  readonly signer: TokenSigner;
  readonly tokens: Pick<Tokens, 'get' | 'record'>;
  readonly commands: Commands;
  /** Counts the failures of each peer address, together with failed joins. */
  readonly failures: Pick<RateLimit, 'take' | 'isSpent'>;
  readonly events: Pick<EventRing, 'record'>;
  readonly clock: Clock;
}

/** `why` is for the log; the peer learns only that it was refused. */
export type Renewal =
  | { readonly ok: true; readonly token: string }
  | { readonly ok: false; readonly why: string };

/** How often a node's token is renewed. Each leaves a row in the store, and who holds one might want to fill the disk. */
const ALLOWED = { burst: 10, refillMs: 5_000, maxKeys: 10_000 } as const;

const refuse = (why: string): Renewal => ({ ok: false, why });

/** Gives the holder of a good token its successor: the same in everything, and as long a life from now on. */
export function createTokenRenewal(options: TokenRenewalOptions) {
  const renewals = new RateLimit({ clock: options.clock, ...ALLOWED });
  return async (token: string | undefined, peerAddress: string): Promise<Renewal> => {
    const { failures } = options;
    if (failures.isSpent(peerAddress)) return refuse(`too many attempts from ${peerAddress} have failed`);
    const answer = await renew(options, renewals, token, peerAddress);
    if (!answer.ok) failures.take(peerAddress);
    return answer;
  };
}

async function renew(
  options: TokenRenewalOptions,
  renewals: RateLimit,
  text: string | undefined,
  peerAddress: string,
): Promise<Renewal> {
  if (text === undefined) return refuse('no bearer token was sent');
  const verified = await options.verifyToken(text);
  if (!verified.ok) return verified;
  const { claims } = verified;
  const mesh = options.mesh();
  if (!mesh?.services.has(claims.sub) && !mesh?.gateways.has(claims.sub)) {
    return refuse(`the document in force has no service or gateway "${claims.sub}"`);
  }
  const known = await knownToken(options.tokens, claims);
  if (!known.ok) return known;
  const { service, instance, cidr, label, binding, issuedAt, expiresAt, jti } = known.token;
  if (cidr !== undefined && !parseAddressRange(cidr)?.(peerAddress)) {
    return refuse(`the token ${jti} is bound to ${cidr}, and was to be renewed from ${peerAddress}`);
  }
  if (binding && binding.address !== peerAddress) {
    return refuse(
      `the token ${jti} is used at ${binding.address}, and was to be renewed from ${peerAddress}`,
    );
  }
  if (!renewals.take(binding?.node ?? service)) return refuse(`the token ${jti} is renewed too often`);
  const { signer, tokens, commands, events, clock } = options;
  const command = { actor: `token:${jti}`, kind: 'token.renew', payload: { jti, peerAddress } };
  const successor = await carryOut(commands, command, () =>
    issueRecorded(signer, tokens, {
      ...{ service, instance, cidr, label, predecessor: jti },
      ...{ ttlMs: expiresAt - issuedAt, now: clock.now() },
    }),
  );
  events.record({ kind: 'token-renewed', jti: successor.jti, predecessor: jti, service });
  return { ok: true, token: successor.token };
}
