/**
 * Before there was a database, the keys and the last good document were files of the state folder. They move into it
 * once: the files go only after the database has them durably, so that a crash leaves both, equal, and the next start
 * ends what this one began.
 */
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { ControlPlaneError } from '../lib/errors.ts';
import { syncFolder } from './atomic-file.ts';
import { readSecretFile } from './secret-file.ts';
import { inState, inTransaction } from './sqlite/database.ts';
import { KEY_NAMES, type KeyName } from './sqlite/keys.ts';

const LAST_GOOD = 'last-good.json';
const WHOLE_KEY = /-----BEGIN PRIVATE KEY-----\s[\s\S]+-----END PRIVATE KEY-----\s*$/;
const lastGoodSchema = z.array(z.object({ file: z.string(), text: z.string() }));

const fileOf = (name: KeyName) => `${name}.pem`;
const FILES: readonly string[] = [...KEY_NAMES.map(fileOf), LAST_GOOD];

/** Whether the folder holds any of them. */
export function hasStateFiles(folder: string): boolean {
  return FILES.some((file) => existsSync(join(folder, file)));
}

/**
 * Moves them into the database.
 * @throws ControlPlaneError `ERR_STATE` if a key file is damaged, is open to others, or differs from the key that the
 *   database has; then everything stays as it was
 */
export async function importStateFiles(
  folder: string,
  db: DatabaseSync,
  path: string,
  now: number,
): Promise<void> {
  const keys = new Map<KeyName, string>();
  for (const name of KEY_NAMES) {
    const file = join(folder, fileOf(name));
    const pem = await readSecretFile(file);
    if (pem === undefined) continue;
    if (!WHOLE_KEY.test(pem)) throw damagedKey(file);
    keys.set(name, pem);
  }
  const document = await readLastGood(join(folder, LAST_GOOD));
  inState(path, () =>
    inTransaction(db, () => {
      for (const [name, pem] of keys)
        importKey(db, { name, pem, now, file: join(folder, fileOf(name)), path });
      if (document) importDocument(db, document, now);
    }),
  );
  for (const file of FILES) await rm(join(folder, file), { force: true });
  await syncFolder(folder);
}

interface KeyImport {
  readonly name: KeyName;
  readonly pem: string;
  readonly now: number;
  readonly file: string;
  readonly path: string;
}

function importKey(db: DatabaseSync, { name, pem, now, file, path }: KeyImport): void {
  const row = db.prepare('SELECT pem FROM keys WHERE name = ?').get(name);
  if (row === undefined) {
    db.prepare('INSERT INTO keys VALUES (?, ?, ?)').run(name, pem, now);
  } else if (row.pem !== pem) {
    throw new ControlPlaneError(
      'ERR_STATE',
      `"${file}" and "${path}" hold different keys, as when an older portcullis was started here; move the file away ` +
        'to go on with the key of the database',
    );
  }
}

function importDocument(db: DatabaseSync, files: z.infer<typeof lastGoodSchema>, now: number): void {
  if (db.prepare('SELECT 1 FROM documents').get() !== undefined) return;
  db.prepare('INSERT INTO documents VALUES (1, ?, ?)').run('from a file', now);
  const insert = db.prepare('INSERT INTO document_files VALUES (1, ?, ?, ?)');
  for (const [position, { file, text }] of files.entries()) insert.run(position, file, Buffer.from(text));
}

async function readLastGood(path: string): Promise<z.infer<typeof lastGoodSchema> | undefined> {
  try {
    return lastGoodSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined; // there is none; a damaged one is as good as none
  }
}

function damagedKey(file: string): ControlPlaneError {
  return new ControlPlaneError(
    'ERR_STATE',
    `"${file}" is damaged: it holds no whole private key; put a good copy there, or move it away to start with a new ` +
      'one (every sidecar then needs a new bootstrap and a new token)',
  );
}
