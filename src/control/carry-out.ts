import { messageOf } from '../lib/errors.ts';
import type { Command, Commands } from '../store/commands.ts';

/**
 * Does what was ordered, between its entry in the log of commands and the note of what came of it: what cannot be logged
 * is not done.
 */
export async function carryOut<T>(log: Commands, command: Command, act: () => Promise<T>): Promise<T> {
  const seq = await log.append(command);
  try {
    const result = await act();
    await log.finish(seq, { ok: true, message: undefined });
    return result;
  } catch (error) {
    await log.finish(seq, { ok: false, message: messageOf(error) });
    throw error;
  }
}
