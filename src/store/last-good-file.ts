import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { LastGoodStore } from '../control/document-in-force.ts';
import { writeFileAtomically } from './atomic-file.ts';

const recordSchema = z.array(z.object({ file: z.string(), text: z.string() }));

/** The last good document in a state folder, so that a start with a broken one has something to serve. */
export function createLastGoodFile(folder: string): LastGoodStore {
  const path = join(folder, 'last-good.json');
  return {
    async load() {
      try {
        const files = recordSchema.parse(JSON.parse(await readFile(path, 'utf8')));
        return files.map(({ file, text }) => ({ file, bytes: Buffer.from(text) }));
      } catch {
        return undefined; // the first start; a damaged record is as good as none
      }
    },
    async save(files) {
      const record = files.map(({ file, bytes }) => ({ file, text: Buffer.from(bytes).toString() }));
      await writeFileAtomically(path, JSON.stringify(record));
    },
  };
}
