import { randomBytes } from 'node:crypto';
import { link, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes a file so that a reader, or a machine that loses power, sees the old content or the new one whole.
 * The file is readable by its owner only from its first byte on, unless `mode` says otherwise.
 */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
  mode = 0o600,
): Promise<void> {
  await viaTemporary(
    path,
    (temporary) => writeDurably(temporary, content, mode),
    (temporary) => rename(temporary, path),
  );
}

/** The same for a file that must not exist yet: rejects with `EEXIST` and leaves the one that does as it is. */
export async function createFileAtomically(path: string, content: string | Uint8Array): Promise<void> {
  await createAtomically(path, (temporary) => writeDurably(temporary, content, 0o600));
}

/**
 * The same for a file that only another can write: `write` gets the path of one that does not exist, and must leave it
 * private and durable.
 * Rejects with what `write` throws, and with `EEXIST`.
 */
export async function createAtomically(
  path: string,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  await viaTemporary(path, write, async (temporary) => {
    await link(temporary, path);
    await rm(temporary);
  });
}

/** Whatever fails, the temporary file does not stay; only a crash leaves one behind, and nobody reads it. */
async function viaTemporary(
  path: string,
  write: (temporary: string) => Promise<void>,
  place: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await write(temporary);
    await place(temporary);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Writes a file that must not exist yet. */
export async function writeDurably(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes what was created, renamed or removed in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
