import type { TokenBody } from '../../admin/schemas.ts';
import { systemClock } from '../../lib/clock.ts';
import { roughDuration } from '../../lib/duration.ts';
import { askServerOrState } from '../offline-state.ts';
import { STATE_OPTION, stateFolder } from '../state-folder.ts';
import { printable, table } from '../terminal.ts';
import { tokenBody } from '../token-body.ts';
import { EXIT, flag, type Verb } from '../verb.ts';

const HEADINGS = ['TOKEN', 'FOR', 'ONLY FROM', 'STATE', 'ISSUED', 'ENDS', 'USED BY', 'LABEL'];

function rowOf(token: TokenBody, now: number): readonly string[] {
  const { jti, service, instance, cidr, state, issuedAt, expiresAt, binding, label } = token;
  const ends =
    expiresAt > now ? `in ${roughDuration(expiresAt - now)}` : `${roughDuration(now - expiresAt)} ago`;
  return [
    jti,
    instance === undefined ? service : `${service}/${instance}`,
    cidr ?? '-',
    state,
    `${roughDuration(now - issuedAt)} ago`,
    ends,
    binding ? `${binding.node} at ${binding.address}` : 'nobody yet',
    printable(label ?? ''),
  ];
}

export const tokenList: Verb = {
  positionals: [],
  usage: 'token list [--state DIR]',
  details: `Asks the server of the state folder, else the demo that runs here, else the state folder itself. A token that is
"expiring" has lived for more than 70 % of its time: whoever should renew it does not. Expired ones are shown for
30 days. The tokens themselves are nowhere but in their files.`,
  options: { state: STATE_OPTION, json: { type: 'boolean', help: 'print one JSON object' } },
  async run(input) {
    const { terminal } = input;
    const now = systemClock.now();
    const answered = await askServerOrState(
      stateFolder(input),
      { method: 'GET', path: '/tokens' },
      async (store) => ({
        tokens: (await store.tokens.list()).map((token) => tokenBody(token, now)),
      }),
    );
    const { tokens } = (answered.by === 'server' ? answered.answer.body : answered.answer) as {
      readonly tokens: readonly TokenBody[];
    };
    if (flag(input, 'json')) terminal.print(JSON.stringify({ tokens }));
    else
      for (const line of table([HEADINGS, ...tokens.map((token) => rowOf(token, now))])) terminal.print(line);
    return EXIT.ok;
  },
};
