import { carryOut } from '../control/carry-out.ts';
import { issueRecorded, type RecordedToken } from '../control/issue-recorded.ts';
import { openTokenSigner } from '../identity/token-key.ts';
import { systemClock } from '../lib/clock.ts';
import type { Mesh } from '../mesh/mesh.ts';
import { openStore } from '../store/store.ts';
import { cliActor } from './actor.ts';
import { unknownName } from './unknown-name.ts';

export interface JoinTokenRequest {
  readonly state: string;
  readonly mesh: Mesh;
  readonly service: string;
  readonly instance?: string | undefined;
  readonly cidr?: string | undefined;
  readonly label?: string | undefined;
  readonly ttlMs: number;
}

/** @throws UsageError if the document knows no such service or gateway */
export function requireService({ services, gateways }: Mesh, service: string): void {
  const names = [...services.keys(), ...gateways.keys()];
  if (!names.includes(service)) throw unknownName('the document', 'service or gateway', service, names);
}

/**
 * Issues a join token with the key in the state folder, which is made if there is none yet, and records it there. A
 * running server need not be told.
 * @throws UsageError if the document knows no such service or gateway
 */
export async function issueJoinToken({ state, mesh, ...token }: JoinTokenRequest): Promise<RecordedToken> {
  requireService(mesh, token.service);
  const store = await openStore(state, systemClock);
  try {
    const signer = await openTokenSigner(store.tokenKey, mesh.name);
    const { service, instance, cidr, label, ttlMs } = token;
    const command = {
      actor: cliActor(),
      kind: 'token.create',
      payload: { service, instance: instance ?? null, cidr: cidr ?? null, label: label ?? null, ttlMs },
    };
    return await carryOut(store.commands, command, () =>
      issueRecorded(signer, store.tokens, { ...token, now: systemClock.now() }),
    );
  } finally {
    await store.close();
  }
}
