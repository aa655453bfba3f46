import type { ErrorBody, RevokedTokenBody } from '../../admin/schemas.ts';
import { carryOut } from '../../control/carry-out.ts';
import { familyOf, nodesOf } from '../../control/revocation.ts';
import { ControlPlaneError } from '../../lib/errors.ts';
import type { Store } from '../../store/store.ts';
import { cliActor } from '../actor.ts';
import { askServerOrState } from '../offline-state.ts';
import { STATE_OPTION, stateFolder } from '../state-folder.ts';
import { EXIT, flag, requiredPositional, UsageError, type Verb } from '../verb.ts';

/** Undefined if there is no such token. A server that starts later, or that runs elsewhere on this state, does the rest. */
async function revokeInState(store: Store, jti: string): Promise<RevokedTokenBody | undefined> {
  const command = { actor: cliActor(), kind: 'token.revoke', payload: { jti } };
  return carryOut(store.commands, command, async () => {
    await store.tokens.revoke(jti);
    const all = await store.tokens.list();
    const family = familyOf(jti, all);
    if (family.length === 0) return undefined;
    const nodes = nodesOf(family);
    for (const node of nodes) await store.serials.forget(node);
    return { revoked: family.map((token) => token.jti), nodes };
  });
}

export const tokenRevoke: Verb = {
  positionals: ['TOKEN'],
  usage: 'token revoke TOKEN [--state DIR]',
  details: `TOKEN is the name that "token create" printed and "token list" shows. What was renewed from it is revoked as well.
On a running server its streams end and its endpoints go at once, and nobody gets in with it again; the certificate that
its sidecar holds stays good until it ends. Where no server answers, it is revoked in the state folder.

  portcullis token revoke 4rJ6ZCkXvVZXQ4T2sB8pZQ`,
  options: { state: STATE_OPTION, json: { type: 'boolean', help: 'print one JSON object' } },
  async run(input) {
    const { terminal } = input;
    const jti = requiredPositional(input, 0, 'TOKEN');
    if (!/^[\w-]{1,64}$/.test(jti))
      throw new UsageError(`"${jti}" is no name of a token; "token list" shows them`);
    const state = stateFolder(input);
    const answered = await askServerOrState(state, { method: 'DELETE', path: `/tokens/${jti}` }, (store) =>
      revokeInState(store, jti),
    );
    const revoked = answered.by === 'server' ? revokedBy(answered.answer) : answered.answer;
    if (!revoked)
      throw new ControlPlaneError('ERR_TOKEN', `there is no token "${jti}"; "token list" shows them`);
    if (flag(input, 'json')) {
      terminal.print(JSON.stringify({ ...revoked, by: answered.by }));
      return EXIT.ok;
    }
    const names = revoked.revoked.join(', ');
    const nodes = revoked.nodes.join(', ') || 'nobody';
    if (answered.by === 'server') {
      terminal.print(`revoked ${names} by the server at ${answered.answer.admin}`);
      terminal.print(`cut off: ${nodes}`);
    } else {
      terminal.print(`revoked ${names} in the state folder ${state}, since no server answered`);
      terminal.print(`it let in: ${nodes}`);
    }
    return EXIT.ok;
  },
};

function revokedBy({
  status,
  body,
}: {
  readonly status: number;
  readonly body: unknown;
}): RevokedTokenBody | undefined {
  if (status === 200) return body as RevokedTokenBody;
  if (status === 404) return undefined;
  throw new ControlPlaneError('ERR_TOKEN', (body as ErrorBody).error);
}
