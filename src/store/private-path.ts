import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { ControlPlaneError, messageOf } from '../lib/errors.ts';
import { makeFolder } from './make-folder.ts';

const OTHERS = 0o077;

/**
 * Makes a folder for secrets, 0700, if there is none.
 * @throws ControlPlaneError `ERR_STATE` if it cannot be made, or is open to others
 */
export async function makePrivateFolder(path: string): Promise<void> {
  try {
    await makeFolder(path, 0o700);
    refuseOpenFolder(path, await stat(path));
  } catch (error) {
    throw stateError(error, `cannot use the folder "${path}"`);
  }
}

/**
 * Insists on a plain file that only its owner can read.
 * @throws ControlPlaneError `ERR_STATE`
 */
export function refuseUnlessPrivate(path: string, stats: Stats): void {
  if (!stats.isFile()) throw new ControlPlaneError('ERR_STATE', `"${path}" is not a plain file`);
  if ((stats.mode & OTHERS) === 0) return;
  throw new ControlPlaneError(
    'ERR_STATE',
    `"${path}" holds a secret, but its permissions are ${octal(stats.mode)}, so others may have read or changed it; ` +
      `run chmod 600 "${path}" if you trust it`,
  );
}

function refuseOpenFolder(path: string, { mode }: Stats): void {
  if ((mode & OTHERS) === 0) return;
  throw new ControlPlaneError(
    'ERR_STATE',
    `the folder "${path}" is for secrets, but its permissions are ${octal(mode)}; run chmod 700 "${path}"`,
  );
}

const octal = (mode: number) => (mode & 0o777).toString(8).padStart(4, '0');

/** What was thrown, as `ERR_STATE` with what could not be done; one of ours stays as it is. */
export function stateError(error: unknown, what: string): ControlPlaneError {
  if (error instanceof ControlPlaneError) return error;
  return new ControlPlaneError('ERR_STATE', `${what}: ${messageOf(error)}`, error);
}
