import type { AuthorityStore, StoredPem } from '../../identity/authority-store.ts';
import type { TokenKeyStore } from '../../identity/token-key.ts';
import { ControlPlaneError } from '../../lib/errors.ts';
import type { Part } from './part.ts';

/** What is kept: each was a file of its own, `<name>.pem`, before there was a database. */
export const KEY_NAMES = ['mesh-authority', 'xds-authority', 'token-key'] as const;
export type KeyName = (typeof KEY_NAMES)[number];

export interface Keys {
  readonly authorities: AuthorityStore;
  readonly tokenKey: TokenKeyStore;
}

/** Authorities and the token key. A trigger refuses to overwrite one, whoever tries. */
export function createKeys({ db, queue, clock, path }: Part): Keys {
  const select = db.prepare('SELECT pem FROM keys WHERE name = ?');
  const insert = db.prepare('INSERT INTO keys VALUES (?, ?, ?)');

  async function load(name: KeyName): Promise<StoredPem | undefined> {
    const row = select.get(name) as { pem: string } | undefined;
    return row && { pem: row.pem, where: `"${path}" (${name})` };
  }

  function save(name: KeyName, pem: string): Promise<void> {
    return queue.write('keys', () => {
      if (select.get(name) !== undefined) {
        throw new ControlPlaneError(
          'ERR_STATE',
          `"${path}" holds a ${name} already, and it is never overwritten`,
        );
      }
      insert.run(name, pem, clock.now());
    });
  }

  return {
    authorities: {
      load: (use) => load(`${use}-authority`),
      save: (use, pem) => save(`${use}-authority`, pem),
    },
    tokenKey: { load: () => load('token-key'), save: (pem) => save('token-key', pem) },
  };
}
