import { join } from 'node:path';
import type { AuthorityStore, AuthorityUse } from '../identity/authority-store.ts';
import { createSecretFile, readSecretFile } from './secret-file.ts';

/** Authorities in a state folder, each in one 0600 file that holds certificate and key. Errors: `secret-file.ts`. */
export function createAuthorityFiles(folder: string): AuthorityStore {
  const pathOf = (use: AuthorityUse) => join(folder, `${use}-authority.pem`);
  return {
    async load(use) {
      const pem = await readSecretFile(pathOf(use));
      return pem === undefined ? undefined : { pem, where: `"${pathOf(use)}"` };
    },
    save: (use, pem) => createSecretFile(pathOf(use), pem),
  };
}
