import { carryOut } from '../control/carry-out.ts';
import { issueRecorded } from '../control/issue-recorded.ts';
import { knownToken } from '../control/known-token.ts';
import { verifyToken } from '../identity/token.ts';
import { openTokenSigner, verificationKeys } from '../identity/token-key.ts';
import { systemClock } from '../lib/clock.ts';
import { ControlPlaneError } from '../lib/errors.ts';
import type { Mesh } from '../mesh/mesh.ts';
import { cliActor } from './actor.ts';
import { requireService } from './join-token.ts';
import { withState } from './offline-state.ts';

export interface StateRenewal {
  readonly state: string;
  readonly mesh: Mesh;
  /** As before if undefined. */
  readonly ttlMs: number | undefined;
}

/**
 * The successor of a token, with the key in the state folder. A running server need not be told.
 * @throws ControlPlaneError `ERR_TOKEN` if the token is not good any more, or never was
 */
export function renewInState({ state, mesh, ttlMs }: StateRenewal, text: string): Promise<string> {
  return withState(state, async ({ tokenKey, tokens, commands }) => {
    const signer = await openTokenSigner(tokenKey, mesh.name);
    const now = systemClock.now();
    const verified = await verifyToken(verificationKeys(signer), text, now);
    const known = verified.ok ? await knownToken(tokens, verified.claims) : verified;
    if (!known.ok) throw new ControlPlaneError('ERR_TOKEN', `it cannot be renewed: ${known.why}`);
    const { jti, service, instance, cidr, label, issuedAt, expiresAt } = known.token;
    requireService(mesh, service);
    const command = { actor: cliActor(), kind: 'token.renew', payload: { jti } };
    const successor = await carryOut(commands, command, () =>
      issueRecorded(signer, tokens, {
        ...{ service, instance, cidr, label, predecessor: jti },
        ...{ ttlMs: ttlMs ?? expiresAt - issuedAt, now },
      }),
    );
    return successor.token;
  });
}
