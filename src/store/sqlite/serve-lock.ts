import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ControlPlaneError } from '../../lib/errors.ts';
import { createOnce, inState, inTransaction } from './database.ts';

/** Long enough for another process that only prepares the state folder. */
const WAIT_MS = 1_000;
const BUSY = 5;

export interface ServeLock {
  release(): void;
}

/**
 * Makes this process the one that may prepare and serve a state folder. The lock is an open write transaction on a
 * database of its own: the kernel ends it with the process, however that dies, and others can still read who holds it.
 * @param hint what to do if another process has it
 * @throws ControlPlaneError `ERR_STATE` if another process has it, naming that
 */
export async function takeServeLock(folder: string, hint: string): Promise<ServeLock> {
  const path = join(folder, 'serve.lock');
  await createOnce(path, (file) => writeFile(file, '', { flag: 'wx', mode: 0o600 }));
  return inState(path, () => {
    const db = new DatabaseSync(path, { timeout: WAIT_MS });
    try {
      inTransaction(db, () => writeHolder(db));
      db.exec('BEGIN IMMEDIATE');
    } catch (error) {
      const refusal = isBusy(error) ? inUse(folder, db, hint) : error;
      db.close();
      throw refusal;
    }
    return { release: () => db.close() };
  });
}

function writeHolder(db: DatabaseSync): void {
  db.exec(
    'CREATE TABLE IF NOT EXISTS holder (pid INTEGER NOT NULL, host TEXT NOT NULL) STRICT; DELETE FROM holder',
  );
  db.prepare('INSERT INTO holder VALUES (?, ?)').run(process.pid, hostname());
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === BUSY;
}

function inUse(folder: string, db: DatabaseSync, hint: string): ControlPlaneError {
  const holder = holderOf(db);
  return new ControlPlaneError('ERR_STATE', `the state folder "${folder}" is in use by ${holder}; ${hint}`);
}

function holderOf(db: DatabaseSync): string {
  try {
    const row = db.prepare('SELECT pid, host FROM holder').get();
    return `process ${row?.pid} on ${row?.host}`;
  } catch {
    return 'another process'; // it is writing its name at this moment
  }
}
