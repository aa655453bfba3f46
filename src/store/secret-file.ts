import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ControlPlaneError } from '../lib/errors.ts';
import { createFileAtomically } from './atomic-file.ts';
import { codeOf, makePrivateFolder, refuseUnlessPrivate, stateError } from './private-path.ts';

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

/**
 * Creates a secret, durable when it resolves; makes its folder, 0700, if there is none.
 * @throws ControlPlaneError `ERR_STATE` if it exists already (and stays as it is), if it cannot be written, or if the
 *   folder is open to others
 */
export async function createSecretFile(path: string, content: string): Promise<void> {
  await makePrivateFolder(dirname(path));
  try {
    await createFileAtomically(path, content);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') {
      throw new ControlPlaneError('ERR_STATE', `"${path}" exists already and is never overwritten`);
    }
    throw stateError(error, `cannot write "${path}"`);
  }
}
