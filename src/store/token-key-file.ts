import { join } from 'node:path';
import type { TokenKeyStore } from '../identity/token-key.ts';
import { createSecretFile, readSecretFile } from './secret-file.ts';

/** The key that signs join tokens, in a state folder. Errors: `secret-file.ts`. */
export function createTokenKeyFile(folder: string): TokenKeyStore {
  const path = join(folder, 'token-key.pem');
  return {
    async load() {
      const pem = await readSecretFile(path);
      return pem === undefined ? undefined : { pem, where: `"${path}"` };
    },
    save: (pem) => createSecretFile(path, pem),
  };
}
