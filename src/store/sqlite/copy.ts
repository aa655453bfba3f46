import { DatabaseSync } from 'node:sqlite';
import { ControlPlaneError } from '../../lib/errors.ts';
import { inState, refuseForeign } from './database.ts';

/** For a commit of the server. */
const BUSY_TIMEOUT_MS = 2_000;

/**
 * Copies a database as it is at one moment, whoever writes to it meanwhile, without what was deleted in it.
 * @param copy an empty file
 * @throws ControlPlaneError `ERR_STATE`
 */
export function copyDatabase(path: string, copy: string): void {
  inState(path, () => {
    const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    try {
      db.prepare('VACUUM INTO ?').run(copy);
    } finally {
      db.close();
    }
  });
}

/**
 * Looks at every page, index and reference of a database that nobody uses, and changes nothing.
 * @param shown how messages call it
 * @throws ControlPlaneError `ERR_STATE` if it is damaged, another program's, or newer than this program
 */
export function verifyDatabase(path: string, shown: string): void {
  inState(shown, () => {
    const db = new DatabaseSync(path, { readOnly: true });
    try {
      refuseForeign(db, shown);
      const isWhole = db.prepare('PRAGMA integrity_check(1)').get()?.integrity_check === 'ok';
      if (isWhole && db.prepare('PRAGMA foreign_key_check').get() === undefined) return;
      throw new ControlPlaneError('ERR_STATE', `"${shown}" is damaged: its parts contradict each other`);
    } finally {
      db.close();
    }
  });
}
