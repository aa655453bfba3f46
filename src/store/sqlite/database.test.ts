import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { throwAwayState } from '../../../test/support/throw-away-state.ts';
import { makePrivateFolder } from '../private-path.ts';
import { createStore, databasePath } from '../store.ts';
import { migrate, openDatabase, schemaVersion } from './database.ts';
import { MIGRATIONS } from './schema.ts';

const state = throwAwayState();

/** A database as the first version wrote it, with a row in every table. */
async function firstVersion(): Promise<string> {
  await makePrivateFolder(state.folder);
  const path = databasePath(state.folder);
  writeFileSync(path, '', { mode: 0o600 });
  const db = new DatabaseSync(path);
  db.exec(MIGRATIONS[0] as string);
  db.exec(`
    PRAGMA user_version = 1;
    INSERT INTO keys VALUES ('mesh-authority', 'pem', 1);
    INSERT INTO documents VALUES (7, 'digest', 1);
    INSERT INTO document_files VALUES (7, 0, 'mesh.yaml', x'01');
    INSERT INTO leases VALUES ('orders/1', 'orders', '10.0.0.7', 15006, '0a', 'jti', 'r1', NULL);
    INSERT INTO serials VALUES ('0a', 'orders/1', 'spiffe://shop.example/orders', 'ab', 1, 9999999999999);
    INSERT INTO tokens VALUES ('jti', 'orders', NULL, NULL, NULL, 1, 2, 3);
    INSERT INTO token_bindings VALUES ('jti', 'orders/1', '10.0.0.7', 1);
    INSERT INTO commands VALUES (1, 1, 'cli', 'token.revoke', '{}');
    INSERT INTO command_results VALUES (1, 2, 1, NULL);
  `);
  db.close();
  return path;
}

describe('a database of the first version', () => {
  it('is brought to the newest with all that it holds', async () => {
    await firstVersion();
    const store = await state.open('server');
    expect((await store.authorities.load('mesh'))?.pem).toBe('pem');
    expect(await store.documents.latest()).toMatchObject({
      revision: 7,
      digest: 'digest',
      files: [{ file: 'mesh.yaml' }],
    });
    expect(await store.leases.list()).toMatchObject([
      { node: 'orders/1', address: '10.0.0.7', expiresAt: undefined },
    ]);
    expect(await store.serials.current()).toMatchObject([{ serial: '0a', node: 'orders/1' }]);
    expect(await store.tokens.list()).toMatchObject([
      { jti: 'jti', revokedAt: 3, binding: { node: 'orders/1', address: '10.0.0.7' } },
    ]);
    expect(await store.commands.list(0, 10)).toMatchObject([{ seq: 1, result: { ok: true } }]);
  });
});

describe('a step of the schema', () => {
  it('that fails leaves the version before it, whole; with the step mended it goes on from there', async () => {
    const path = await firstVersion();
    const db = await openDatabase(path);
    const good = 'ALTER TABLE tokens ADD COLUMN note TEXT';
    const broken = 'CREATE TABLE half (a); DELETE FROM tokens; SELECT no_such_function()';
    expect(() => migrate(db, path, [...MIGRATIONS, good, broken])).toThrow('no such function');
    expect(schemaVersion(db)).toBe(MIGRATIONS.length + 1);
    expect(db.prepare('SELECT jti, note FROM tokens').all()).toHaveLength(1);
    migrate(db, path, [...MIGRATIONS, good, 'CREATE TABLE half (a)']);
    expect(schemaVersion(db)).toBe(MIGRATIONS.length + 2);
    db.close();
  });
});

describe('an open database', () => {
  it('waits for the disk with every commit, checks references, and wipes what it deletes', async () => {
    await (await state.open()).close();
    const path = databasePath(state.folder);
    const db = await openDatabase(path);
    const settings = ['journal_mode', 'synchronous', 'foreign_keys', 'secure_delete'].map((name) =>
      Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {}),
    );
    expect(settings).toEqual([['wal'], [2], [1], [1]]);
    db.exec("INSERT INTO keys VALUES ('token-key', 'wiped-secret', 1); DELETE FROM keys");
    db.close();
    expect(readFileSync(path, 'latin1')).not.toContain('wiped-secret');
  });

  it('gives no secret away in any error', async () => {
    await (await state.open()).close();
    const path = databasePath(state.folder);
    const db = await openDatabase(path);
    const store = createStore(db, path, state.clock, () => {});
    const secret = 'MIGHsecretsecret';
    await store.authorities.save('mesh', secret);
    db.exec(
      'CREATE TEMP TRIGGER refuse BEFORE INSERT ON main.tokens BEGIN SELECT no_such_thing(NEW.jti); END',
    );
    const token = {
      jti: secret,
      service: 's',
      instance: undefined,
      cidr: undefined,
      label: secret,
      issuedAt: 1,
      expiresAt: 2,
    };
    const failures = await Promise.all(
      [
        () => store.authorities.save('mesh', secret),
        () => store.tokenKey.save({ secret } as never),
        () => store.tokens.record(token),
        () =>
          store.serials.record({
            serial: secret,
            node: secret,
            spiffeId: secret,
            authorityId: secret,
            issuedAt: secret as never,
            notAfter: 1,
          }),
        () => store.commands.append({ actor: secret, kind: secret, payload: undefined as never }),
        () => store.commands.finish(9, { ok: true, message: secret }),
      ].map((attempt) =>
        attempt().then(
          () => 'done',
          (error) => error,
        ),
      ),
    );
    for (const failure of failures) {
      expect(failure).toBeInstanceOf(Error);
      expect(`${failure.stack}${failure.cause?.stack}`).not.toContain(secret);
    }
    await store.close();
  });

  it('appears whole: a crash while it is made leaves nothing that passes for it', async () => {
    await makePrivateFolder(state.folder);
    const half = join(state.folder, 'state.db.0123456789ab.tmp');
    writeFileSync(half, 'half', { mode: 0o600 });
    await (await state.open()).close();
    expect(statSync(databasePath(state.folder)).size).toBeGreaterThan(4096);
    expect(readFileSync(half, 'utf8')).toBe('half');
  });
});
