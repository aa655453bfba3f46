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
  await viaTemporary(path, content, mode, (temporary) => rename(temporary, path));
}

/** The same for a file that must not exist yet: rejects with `EEXIST` and leaves the one that does as it is. */
export async function createFileAtomically(path: string, content: string, mode = 0o600): Promise<void> {
  await viaTemporary(path, content, mode, async (temporary) => {
    await link(temporary, path);
    await rm(temporary);
  });
}

/** Whatever fails, the temporary file does not stay; only a crash leaves one behind, and nobody reads it. */
async function viaTemporary(
  path: string,
  content: string | Uint8Array,
  mode: number,
  place: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeDurably(temporary, content, mode);
    await place(temporary);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

async function writeDurably(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
