/**
 * What must outlive the process, on disk. This folder knows files and folders, permissions and crashes; what the
 * contents mean is for those who declare the interfaces that it fulfils.
 */
import { constants, type Stats } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ControlPlaneError, messageOf } from '../lib/errors.ts';
import { createFileAtomically } from './atomic-file.ts';

const MAX_BYTES = 64 * 1024;
const OTHERS = 0o077;
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
      refuseUnlessPrivate(path, await file.stat());
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

async function makePrivateFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    refuseOpenFolder(path, await stat(path));
  } catch (error) {
    throw stateError(error, `cannot use the folder "${path}"`);
  }
}

function refuseUnlessPrivate(path: string, stats: Stats): void {
  if (!stats.isFile()) throw new ControlPlaneError('ERR_STATE', `"${path}" is not a plain file`);
  if ((stats.mode & OTHERS) !== 0) {
    throw new ControlPlaneError(
      'ERR_STATE',
      `"${path}" holds a secret, but its permissions are ${octal(stats.mode)}, so others may have read or changed ` +
        `it; run chmod 600 "${path}" if you trust it`,
    );
  }
  if (stats.size > MAX_BYTES) throw new ControlPlaneError('ERR_STATE', `"${path}" is larger than 64 KiB`);
}

function refuseOpenFolder(path: string, { mode }: Stats): void {
  if ((mode & OTHERS) === 0) return;
  throw new ControlPlaneError(
    'ERR_STATE',
    `the folder "${path}" is for secrets, but its permissions are ${octal(mode)}; run chmod 700 "${path}"`,
  );
}

const octal = (mode: number) => (mode & 0o777).toString(8).padStart(4, '0');

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

function stateError(error: unknown, what: string): ControlPlaneError {
  if (error instanceof ControlPlaneError) return error;
  return new ControlPlaneError('ERR_STATE', `${what}: ${messageOf(error)}`, error);
}
