import { existsSync } from 'node:fs';
import { systemClock } from '../lib/clock.ts';
import { ControlPlaneError } from '../lib/errors.ts';
import { databasePath, openStore, type Store } from '../store/store.ts';
import { askServer, type ServerAnswer } from './ask-server.ts';

/** Opens the state beside whoever else has it, and closes it again. */
export async function withState<T>(state: string, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(state, systemClock);
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/** Who answered: a running server, or the state folder itself. */
export type Answered<T> =
  | { readonly by: 'server'; readonly answer: ServerAnswer }
  | { readonly by: 'state'; readonly answer: T };

/**
 * Asks the running server, or where none answers, the state folder.
 * @throws ControlPlaneError `ERR_SERVER_UNREACHABLE` if there is neither
 */
export async function askServerOrState<T>(
  state: string,
  ask: { readonly method: string; readonly path: string },
  offline: (store: Store) => Promise<T>,
): Promise<Answered<T>> {
  try {
    return { by: 'server', answer: await askServer(state, ask.method, ask.path) };
  } catch (error) {
    const isUnreachable = error instanceof ControlPlaneError && error.code === 'ERR_SERVER_UNREACHABLE';
    if (!isUnreachable || !existsSync(databasePath(state))) throw error;
    return { by: 'state', answer: await withState(state, offline) };
  }
}
