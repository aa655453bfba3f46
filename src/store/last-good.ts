import type { LastGoodStore } from '../control/document-in-force.ts';
import type { Documents } from './documents.ts';

/** The stored document, for a start with a broken one. */
export function lastGoodOf(documents: Documents): LastGoodStore {
  return {
    load: async () => (await documents.latest())?.files,
    async save(files, digest) {
      await documents.save({ files, digest });
    },
  };
}
