/** A whole state as one encrypted file, made while a server may run, and put back where there is none. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import type { Clock } from '../lib/clock.ts';
import { ControlPlaneError, codeOf } from '../lib/errors.ts';
import { createAtomically, createFileAtomically, writeDurably } from './atomic-file.ts';
import { makePrivateFolder, stateError } from './private-path.ts';
import { seal, unseal } from './sealed-file.ts';
import { copyDatabase, verifyDatabase } from './sqlite/copy.ts';
import { sqliteError } from './sqlite/database.ts';
import { hasStateFiles } from './state-files.ts';
import { databasePath, openStore } from './store.ts';

export interface BackupMade {
  readonly bytes: number;
}

export interface BackupRestored {
  /** When the backup was made, in milliseconds since the Unix epoch. */
  readonly createdAt: number;
}

/** Asked for only when nothing else stands in the way. */
type PassphraseSource = () => Promise<string>;

/**
 * Writes the state in `folder`, as it is at one moment, to a new file, 0600.
 * @throws ControlPlaneError `ERR_BACKUP` if the file exists; `ERR_STATE` if there is no state, or it cannot be read
 */
export async function makeBackup(
  folder: string,
  file: string,
  passphrase: PassphraseSource,
  clock: Clock,
): Promise<BackupMade> {
  if (!existsSync(databasePath(folder)) && !hasStateFiles(folder)) {
    throw new ControlPlaneError(
      'ERR_STATE',
      `there is no state in "${folder}"; name its folder with --state DIR`,
    );
  }
  if (existsSync(file)) throw existing(file);
  // an older state is brought forward first, so that all of it is in the database
  await (await openStore(folder, clock)).close();
  const createdAt = clock.now();
  const content = await snapshot(databasePath(folder));
  const sealed = await seal({ content, createdAt }, await passphrase());
  try {
    await createFileAtomically(file, sealed);
  } catch (error) {
    throw codeOf(error) === 'EEXIST' ? existing(file) : stateError(error, `cannot write "${file}"`);
  }
  return { bytes: sealed.length };
}

/**
 * Puts a backup into a folder that holds nothing yet. The state is there as a whole when this resolves; if it rejects,
 * or the process dies, there is none.
 * @throws ControlPlaneError `ERR_BACKUP` with what is wrong with the file, the passphrase or the folder; `ERR_STATE` if
 *   the state cannot be written, or was written by a newer portcullis
 */
export async function restoreBackup(
  file: string,
  folder: string,
  passphrase: PassphraseSource,
): Promise<BackupRestored> {
  await refuseOccupied(folder);
  const sealed = await readFile(file).catch((error) => {
    throw new ControlPlaneError('ERR_BACKUP', `cannot read "${file}": ${codeOf(error)}`, error);
  });
  const { content, createdAt } = await unseal(sealed, await passphrase());
  const path = databasePath(folder);
  const isNew = !existsSync(folder);
  await makePrivateFolder(folder);
  try {
    await createAtomically(path, async (temporary) => {
      await writeDurably(temporary, content, 0o600);
      verifyDatabase(temporary, file);
    });
  } catch (error) {
    if (isNew) await rmdir(folder).catch(() => {}); // somebody else put something there
    throw sqliteError(path, error);
  }
  return { createdAt };
}

/** The copy lies beside the original, as private as that, for a moment. */
async function snapshot(path: string): Promise<Uint8Array> {
  const copy = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFile(copy, '', { flag: 'wx', mode: 0o600 });
    copyDatabase(path, copy);
    verifyDatabase(copy, path);
    return await readFile(copy);
  } catch (error) {
    throw stateError(error, `cannot copy "${path}"`);
  } finally {
    await rm(copy, { force: true });
  }
}

async function refuseOccupied(folder: string): Promise<void> {
  const entries = await readdir(folder).catch((error) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw stateError(error, `cannot read the folder "${folder}"`);
  });
  const [occupant] = entries.filter((entry) => !/^state\.db\.\w+\.tmp/.test(entry)); // of a restore that was killed
  if (occupant === undefined) return;
  throw new ControlPlaneError(
    'ERR_BACKUP',
    `"${folder}" is not empty, and a state is never overwritten; name a new folder with --state DIR, or move this one ` +
      'away first',
  );
}

function existing(file: string): ControlPlaneError {
  return new ControlPlaneError('ERR_BACKUP', `"${file}" exists already, and a backup is never overwritten`);
}
