import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { ControlPlaneError, codeOf } from '../lib/errors.ts';
import { refuseUnlessPrivate, stateError } from './private-path.ts';

const MAX_BYTES = 64 * 1024;
/** A link could lead anywhere, and opening a pipe would wait for its writer. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Reads a secret that only its owner can read; undefined if there is no such file.
 * @throws ControlPlaneError `ERR_STATE` if it cannot be read, is no plain file, is too large, or is open to others
 */
export async function readSecretFile(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, OPEN_FLAGS);
    try {
      const stats = await file.stat();
      refuseUnlessPrivate(path, stats);
      if (stats.size > MAX_BYTES) throw new ControlPlaneError('ERR_STATE', `"${path}" is larger than 64 KiB`);
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw stateError(error, `cannot read "${path}"`);
  }
}
