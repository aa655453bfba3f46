import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { throwAwayState } from '../../test/support/throw-away-state.ts';
import { makeBackup, restoreBackup } from './backup.ts';
import { seal } from './sealed-file.ts';
import { copyDatabase } from './sqlite/copy.ts';
import { NEWEST_VERSION } from './sqlite/schema.ts';
import { databasePath, openStore } from './store.ts';

const state = throwAwayState();
const passphrase = async () => 'correct horse battery';
const neverAsked = async () => expect.unreachable('asked for a passphrase in vain');
const file = () => join(dirname(state.folder), 'shop.backup');
const elsewhere = () => join(dirname(state.folder), 'elsewhere');
const PEM = '-----BEGIN PRIVATE KEY-----\nMIGHsecret\n-----END PRIVATE KEY-----\n';

const backUp = () => makeBackup(state.folder, file(), passphrase, state.clock);
/** The same, but the passphrase can be guessed at once; `sql` changes the state before. */
async function cheapBackUp(sql = ''): Promise<void> {
  const db = new DatabaseSync(databasePath(state.folder));
  db.exec(sql);
  db.close();
  const copy = `${file()}.copy`;
  writeFileSync(copy, '');
  copyDatabase(databasePath(state.folder), copy);
  const content = readFileSync(copy);
  writeFileSync(file(), await seal({ content, createdAt: 0 }, await passphrase(), { log2N: 4, r: 1, p: 1 }));
}
const restore = (folder = elsewhere()) => restoreBackup(file(), folder, passphrase);

const token = (jti: string) => ({
  jti,
  service: 'orders',
  instance: undefined,
  cidr: undefined,
  label: 'rack 7',
  issuedAt: state.clock.now(),
  expiresAt: state.clock.now() + 60_000,
});

describe('a backup', () => {
  it('made while a server writes brings back a whole state of that time, and nothing lies about', async () => {
    const server = await state.open('server');
    const serial = {
      serial: '0a',
      node: 'orders/1',
      spiffeId: 'spiffe://shop.example/orders',
      authorityId: 'ab',
      issuedAt: state.clock.now(),
      notAfter: state.clock.now() + 60_000,
    };
    await server.authorities.save('mesh', PEM);
    await server.tokenKey.save(`${PEM}2`);
    await server.tokens.record(token('a'));
    await server.tokens.revoke('a');
    await server.serials.record(serial);
    await server.commands.append({ actor: 'a', kind: 'b', payload: {} });
    const before = readdirSync(state.folder);
    const [{ bytes }] = await Promise.all([backUp(), server.tokens.record(token('b'))]);
    await server.tokens.record(token('after'));

    expect(readdirSync(state.folder)).toEqual(before);
    expect(statSync(file())).toMatchObject({ size: bytes });
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(readFileSync(file(), 'latin1')).not.toMatch(/PRIVATE KEY|MIGH|orders/);

    expect(await restore()).toEqual({ createdAt: state.clock.now() });
    expect(readdirSync(elsewhere())).toEqual(['state.db']);
    expect(statSync(elsewhere()).mode & 0o777).toBe(0o700);
    const restored = await openStore(elsewhere(), state.clock, 'server');
    expect((await restored.authorities.load('mesh'))?.pem).toBe(PEM);
    expect((await restored.tokenKey.load())?.pem).toBe(`${PEM}2`);
    expect(await restored.serials.current()).toEqual([serial]);
    const tokens = (await restored.tokens.list()).filter(({ jti }) => jti !== 'b');
    expect(tokens).toEqual([{ ...token('a'), revokedAt: state.clock.now(), binding: undefined }]);
    expect(await restored.commands.list(0, 10)).toHaveLength(1);
    await restored.close();
  });

  it('of a state folder from before there was a database has its keys', async () => {
    mkdirSync(state.folder, { mode: 0o700 });
    writeFileSync(join(state.folder, 'token-key.pem'), PEM, { mode: 0o600 });
    await backUp();
    await restore();
    const restored = await openStore(elsewhere(), state.clock);
    expect((await restored.tokenKey.load())?.pem).toBe(PEM);
    await restored.close();
  });

  it('is not made of nothing, nor over another file', async () => {
    const attempt = () => makeBackup(state.folder, file(), neverAsked, state.clock);
    await expect(attempt()).rejects.toThrow('there is no state in');
    await state.open();
    writeFileSync(file(), 'theirs');
    await expect(attempt()).rejects.toMatchObject({
      code: 'ERR_BACKUP',
      message: expect.stringContaining('exists already'),
    });
    expect(readFileSync(file(), 'utf8')).toBe('theirs');
  });
});

describe('a restore', () => {
  it('leaves a folder alone that holds anything, and asks for no passphrase in vain', async () => {
    await state.open();
    await cheapBackUp();
    const before = readFileSync(databasePath(state.folder));
    await expect(restoreBackup(file(), state.folder, neverAsked)).rejects.toThrow(
      'a state is never overwritten',
    );
    expect(readFileSync(databasePath(state.folder)).equals(before)).toBe(true);
    await expect(restoreBackup(`${file()}.absent`, elsewhere(), neverAsked)).rejects.toThrow(
      /cannot read ".*": ENOENT/,
    );
  });

  it('goes into an empty folder, and over what a restore that was killed left behind', async () => {
    await state.open();
    await cheapBackUp();
    mkdirSync(elsewhere(), { mode: 0o700 });
    writeFileSync(`${databasePath(elsewhere())}.0123456789ab.tmp`, 'half', { mode: 0o600 });
    await restore();
    await (await openStore(elsewhere(), state.clock)).close();
  });

  it('that is refused leaves no folder behind', async () => {
    await state.open();
    await cheapBackUp();
    const bytes = readFileSync(file());
    bytes[bytes.length - 20] = (bytes[bytes.length - 20] ?? 0) ^ 1;
    writeFileSync(file(), bytes);
    await expect(restore()).rejects.toThrow('the content is damaged');
    await expect(restoreBackup(file(), elsewhere(), async () => 'wrong')).rejects.toThrow(
      'the passphrase is wrong',
    );
    expect(readdirSync(dirname(elsewhere()))).not.toContain('elsewhere');
  });

  it('of a state from a newer portcullis is refused, and leaves no folder behind', async () => {
    await (await state.open()).close();
    await cheapBackUp(`PRAGMA user_version = ${NEWEST_VERSION + 1}`);
    await expect(restore()).rejects.toThrow(/shop\.backup" has schema version/);
    expect(readdirSync(dirname(elsewhere()))).not.toContain('elsewhere');
  });
});
