import { ControlPlaneError } from '../../lib/errors.ts';
import type { Command, CommandResult, Commands, LoggedCommand } from '../commands.ts';
import { absent, type Part } from './part.ts';

const MAX_LENGTH = 64 * 1024;
/** A private key in PEM, or a JWT: the two kinds of secret that this project handles. */
const SECRET = /-----BEGIN [A-Z ]*PRIVATE KEY|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/;

interface CommandRow {
  readonly seq: number;
  readonly at: number;
  readonly actor: string;
  readonly kind: string;
  readonly payload: string;
  readonly finishedAt: number | null;
  readonly ok: 0 | 1 | null;
  readonly message: string | null;
}

export function createCommands({ db, queue, clock }: Part): Commands {
  const append = db.prepare('INSERT INTO commands (at, actor, kind, payload) VALUES (?, ?, ?, ?)');
  const finish = db.prepare('INSERT INTO command_results VALUES (?, ?, ?, ?)');
  const select = db.prepare(
    `SELECT seq, c.at, actor, kind, payload, r.at AS finishedAt, ok, message
     FROM commands AS c LEFT JOIN command_results AS r USING (seq)
     WHERE seq > ? ORDER BY seq LIMIT ?`,
  );

  return {
    async append(command) {
      const payload = loggable(command);
      return queue.write('commands', () => {
        return Number(append.run(clock.now(), command.actor, command.kind, payload).lastInsertRowid);
      });
    },
    async finish(seq, { ok, message }: CommandResult) {
      refuseSecret(message ?? '');
      await queue.write('commands', () => finish.run(seq, clock.now(), ok ? 1 : 0, message ?? null));
    },
    list: async (after, limit) => (select.all(after, limit) as unknown as CommandRow[]).map(commandOf),
  };
}

/** The payload as it goes into the log. */
function loggable({ actor, kind, payload }: Command): string {
  const text = JSON.stringify(payload);
  refuseSecret(`${actor} ${kind} ${text}`);
  return text;
}

/** The last resort: a log that is kept for ever is no place to find out that a caller was careless. */
function refuseSecret(text: string): void {
  if (text.length > MAX_LENGTH) throw new ControlPlaneError('ERR_STATE', 'the command is longer than 64 KiB');
  if (!SECRET.test(text)) return;
  throw new ControlPlaneError(
    'ERR_STATE',
    'the command holds what looks like a key or a token; it is not logged',
  );
}

function commandOf({ seq, at, actor, kind, payload, finishedAt, ok, message }: CommandRow): LoggedCommand {
  const result = finishedAt === null ? undefined : { ok: ok === 1, at: finishedAt, message: absent(message) };
  return { seq, at, actor, kind, payload: JSON.parse(payload), result };
}
