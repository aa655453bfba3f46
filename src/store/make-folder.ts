import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from '../lib/errors.ts';

async function makeUnlessThere(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/**
 * Makes a folder, and the folders above it that are missing. Not by the `recursive` of Node's own: that never ends on
 * file systems which answer ENOENT to every folder, such as /proc.
 * @param mode of each folder that is made
 */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  try {
    await makeUnlessThere(path, mode);
  } catch (error) {
    const parent = dirname(path);
    if (codeOf(error) !== 'ENOENT' || parent === path) throw error;
    await makeFolder(parent, mode);
    await makeUnlessThere(path, mode);
  }
}
