/**
 * One SQLite file of ours: opened safely, or refused with the reason and what to do. While SQLite has it open, this
 * process must not open it by any other way: closing that would drop SQLite's locks (POSIX advisory locks).
 */
import { lstat, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { ControlPlaneError, codeOf, messageOf } from '../../lib/errors.ts';
import { createAtomically } from '../atomic-file.ts';
import { refuseUnlessPrivate, stateError } from '../private-path.ts';
import { APPLICATION_ID, MIGRATIONS, NEWEST_VERSION } from './schema.ts';

/** For another process's transaction, which takes milliseconds. */
const BUSY_TIMEOUT_MS = 2_000;

/** The smallest page of SQLite. */
const SMALLEST_BYTES = 512;

/**
 * Opens the database, made if there is none, whatever its version up to the newest. SQLite gives its companions (`-wal`,
 * `-shm`) its own permissions, 0600.
 * @throws ControlPlaneError `ERR_STATE` if it is open to others, damaged, another program's, or newer than this program
 */
export async function openDatabase(path: string): Promise<DatabaseSync> {
  await createOnce(path, createEmpty);
  const { size } = await lstat(path);
  return inState(path, () => {
    if (size < SMALLEST_BYTES) throw damaged(path, `it has ${size} bytes`);
    const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    try {
      refuseForeign(db, path);
      configure(db, path);
      refuseDamaged(db, path);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

/**
 * Has a file made if there is none: it appears whole and private, before SQLite opens it.
 * @param create leaves a private, durable file at the path that it gets
 */
export async function createOnce(path: string, create: (path: string) => Promise<void>): Promise<void> {
  try {
    refuseUnlessPrivate(path, await lstat(path));
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw stateError(error, `cannot use "${path}"`);
    await refuseOrphanedLog(path);
    await createAtomically(path, create).catch((failure) => {
      if (codeOf(failure) !== 'EEXIST') throw sqliteError(path, failure);
    });
  }
}

/** With the newest schema from the beginning: a database that lost its content can then not pass for a new one. */
async function createEmpty(path: string): Promise<void> {
  await writeFile(path, '', { flag: 'wx', mode: 0o600 });
  const db = new DatabaseSync(path);
  try {
    migrate(db, path);
  } finally {
    db.close();
  }
}

export function schemaVersion(db: DatabaseSync): number {
  return pragma(db, 'user_version');
}

/** Brings the schema to the newest version, each step whole or not at all. */
export function migrate(db: DatabaseSync, path: string, steps: readonly string[] = MIGRATIONS): void {
  inState(path, () => {
    for (let version = schemaVersion(db); version < steps.length; version += 1) {
      inTransaction(db, () => {
        db.exec(steps[version] as string);
        db.exec(`PRAGMA user_version = ${version + 1}`);
      });
    }
  });
}

/** Runs `work` in a transaction of its own, whole or not at all. */
export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** Runs `work` and says in our words what SQLite could not do. Its own messages name tables, never values. */
export function inState<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw sqliteError(path, error);
  }
}

const PRIMARY_CODE = 0xff;

/** What to say of SQLite's primary result codes (sqlite.org/rescode.html); `%` is the path. */
const SAYINGS: Readonly<Record<number, string>> = {
  5: 'another process holds % locked; try again, and see which process it is if that goes on',
  8: '% cannot be written; nothing of this change was kept',
  10: '% cannot be read or written: the disk fails; nothing of this change was kept',
  11: '% is damaged',
  13: 'the disk is full: nothing of this change was kept in %; free some space',
  14: '% cannot be opened',
  26: '% is damaged, or no database at all',
};
const DAMAGED = new Set([11, 26]);

/** An error of SQLite as one of ours. */
export function sqliteError(path: string, error: unknown): ControlPlaneError {
  if (error instanceof ControlPlaneError) return error;
  const code =
    error instanceof Error && 'errcode' in error ? Number(error.errcode) & PRIMARY_CODE : undefined;
  const saying = code === undefined ? undefined : SAYINGS[code];
  const what = saying?.replace('%', `"${path}"`) ?? `cannot use "${path}"`;
  const hint = code !== undefined && DAMAGED.has(code) ? `; ${RESTORE_HINT}` : '';
  return new ControlPlaneError('ERR_STATE', `${what} (${messageOf(error)})${hint}`, error);
}

const RESTORE_HINT =
  'move the state folder away and put a backup in its place with "portcullis restore FILE --state DIR"';

function pragma(db: DatabaseSync, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
}

/** @throws ControlPlaneError `ERR_STATE` if it is another program's, or newer than this one */
export function refuseForeign(db: DatabaseSync, path: string): void {
  if (pragma(db, 'application_id') !== APPLICATION_ID) {
    throw new ControlPlaneError('ERR_STATE', `"${path}" is a database, but of another program`);
  }
  const version = schemaVersion(db);
  if (version <= NEWEST_VERSION) return;
  throw new ControlPlaneError(
    'ERR_STATE',
    `"${path}" has schema version ${version}, and this portcullis knows versions up to ${NEWEST_VERSION}: a newer ` +
      'one wrote it; run that one, or restore a backup that was made with this one into another state folder',
  );
}

function configure(db: DatabaseSync, path: string): void {
  const mode = db.prepare('PRAGMA journal_mode = WAL').get();
  if (mode?.journal_mode !== 'wal') {
    throw new ControlPlaneError(
      'ERR_STATE',
      `"${path}" lies on a file system without shared memory; put the state folder on a local disk`,
    );
  }
  db.exec('PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON');
}

/** @throws ControlPlaneError `ERR_STATE` if a page or an index is not what it should be */
function refuseDamaged(db: DatabaseSync, path: string): void {
  const answer = db.prepare('PRAGMA quick_check(1)').get();
  if (answer?.quick_check === 'ok') return;
  throw damaged(path, 'its parts contradict each other');
}

function damaged(path: string, how: string): ControlPlaneError {
  return new ControlPlaneError('ERR_STATE', `"${path}" is damaged (${how}); ${RESTORE_HINT}`);
}

/** A write-ahead log without its database is half of a state: SQLite would throw it away. */
async function refuseOrphanedLog(path: string): Promise<void> {
  const log = await lstat(`${path}-wal`).catch(() => undefined);
  if (log === undefined) return;
  throw new ControlPlaneError(
    'ERR_STATE',
    `"${path}-wal" is there, but "${path}" is not: part of the state is missing; ${RESTORE_HINT}`,
  );
}
