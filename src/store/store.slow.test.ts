import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it } from 'vitest';
import { throwAwayState } from '../../test/support/throw-away-state.ts';
import { openAuthority } from '../identity/authority-store.ts';
import { openTokenSigner } from '../identity/token-key.ts';
import { NEWEST_VERSION } from './sqlite/schema.ts';
import { databasePath } from './store.ts';

const state = throwAwayState();
const ofNew = {
  mesh: 'shop',
  trustDomain: 'shop.example',
  lifetimeMs: 86_400_000,
  now: Date.UTC(2026, 0, 1),
};

/** Changes the database behind the store's back. */
function tamper(sql: string): void {
  const db = new DatabaseSync(databasePath(state.folder));
  db.exec(sql);
  db.close();
}

describe('a state folder', () => {
  it('is 0700 and everything in it 0600, whatever the umask', async () => {
    const umask = process.umask(0);
    try {
      const store = await state.open('server');
      await store.commands.append({ actor: 'a', kind: 'b', payload: {} });
    } finally {
      process.umask(umask);
    }
    expect(statSync(state.folder).mode & 0o777).toBe(0o700);
    const modes = readdirSync(state.folder).map((file) => [
      file,
      statSync(join(state.folder, file)).mode & 0o777,
    ]);
    expect(Object.fromEntries(modes)).toEqual({
      'serve.lock': 0o600,
      'state.db': 0o600,
      'state.db-shm': 0o600,
      'state.db-wal': 0o600,
    });
  });

  it('keeps both authorities and the token key over a restart', async () => {
    const start = async () => {
      const store = await state.open('server');
      const made = {
        mesh: await openAuthority(store.authorities, 'mesh', ofNew),
        xds: await openAuthority(store.authorities, 'xds', ofNew),
        keyId: (await openTokenSigner(store.tokenKey, 'shop')).keyId,
      };
      await store.close();
      return made;
    };
    const first = await start();
    expect(await start()).toEqual(first);
    expect(first.mesh.id).not.toBe(first.xds.id);
  });

  it('never overwrites a key, not even by hand', async () => {
    const store = await state.open();
    const saves = ['first', 'second'].map((pem) => store.authorities.save('mesh', pem));
    const [first, second] = await Promise.allSettled(saves);
    expect(first?.status).toBe('fulfilled');
    expect(second).toMatchObject({
      reason: { code: 'ERR_STATE', message: expect.stringContaining('never overwritten') },
    });
    for (const sql of [
      "UPDATE keys SET pem = 'x'",
      "INSERT OR REPLACE INTO keys VALUES ('mesh-authority', 'x', 0)",
    ]) {
      expect(() => tamper(sql)).toThrow('a key is never overwritten');
    }
    expect((await store.authorities.load('mesh'))?.pem).toBe('first');
  });

  it('that is open to others is refused, and so is a database that is', async () => {
    await (await state.open()).close();
    chmodSync(state.folder, 0o755);
    await expect(state.open()).rejects.toThrow(/permissions are 0755; run chmod 700 ".*state"/);
    chmodSync(state.folder, 0o700);
    chmodSync(databasePath(state.folder), 0o640);
    await expect(state.open()).rejects.toThrow(/permissions are 0640.*run chmod 600 ".*state\.db"/);
  });

  it('does not follow a link to a database elsewhere', async () => {
    mkdirSync(state.folder, { mode: 0o700 });
    symlinkSync('/dev/null', databasePath(state.folder));
    await expect(state.open()).rejects.toThrow('is not a plain file');
  });
});

describe('a database that is not as it should be', () => {
  it('is refused if a newer program wrote it, which is told apart from damage', async () => {
    await (await state.open()).close();
    tamper(`PRAGMA user_version = ${NEWEST_VERSION + 3}`);
    for (const role of ['server', 'visitor'] as const) {
      await expect(state.open(role)).rejects.toMatchObject({
        code: 'ERR_STATE',
        message: expect.stringMatching(
          `has schema version ${NEWEST_VERSION + 3}, and this portcullis knows versions up to ${NEWEST_VERSION}: .*run that one, or restore`,
        ),
      });
    }
  });

  it('is refused if another program wrote it', async () => {
    mkdirSync(state.folder, { mode: 0o700 });
    writeFileSync(databasePath(state.folder), '', { mode: 0o600 });
    tamper('CREATE TABLE theirs (a)');
    await expect(state.open()).rejects.toThrow('is a database, but of another program');
  });

  it('is refused wherever it was cut, with what to do', async () => {
    const store = await state.open();
    for (let n = 0; n < 40; n += 1)
      await store.commands.append({ actor: 'a', kind: 'b', payload: { n: 'x'.repeat(2000) } });
    await store.close();
    const path = databasePath(state.folder);
    const whole = `${state.folder}-whole`;
    cpSync(path, whole);
    const { size } = statSync(whole);
    for (let length = 0; length < size; length += 9_001) {
      cpSync(whole, path);
      truncateSync(path, length);
      await expect(state.open(), `cut at ${length}`).rejects.toMatchObject({
        code: 'ERR_STATE',
        message: expect.stringMatching(/is damaged.*portcullis restore FILE/),
      });
    }
    rmSync(whole);
  });

  it('is refused if only its write-ahead log is left', async () => {
    mkdirSync(state.folder, { mode: 0o700 });
    writeFileSync(`${databasePath(state.folder)}-wal`, 'x', { mode: 0o600 });
    await expect(state.open()).rejects.toThrow('part of the state is missing');
  });
});

describe('one server', () => {
  const program = `
    const { openStore } = await import(${JSON.stringify(new URL('./store.ts', import.meta.url))});
    const { systemClock } = await import(${JSON.stringify(new URL('../lib/clock.ts', import.meta.url))});
    await openStore(process.argv[1], systemClock, 'server');
    process.stdout.write('ready');
    setInterval(() => {}, 1000);
  `;
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill('SIGKILL'));

  async function startServer(): Promise<number> {
    child = spawn(process.execPath, ['--input-type=module', '-e', program, state.folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data');
    return child.pid as number;
  }

  it('has a state folder to itself; a second is told its process id, and visitors read and write beside it', async () => {
    const pid = await startServer();
    await expect(state.open('server')).rejects.toThrow(`is in use by process ${pid} on `);
    const visitor = await state.open();
    await openTokenSigner(visitor.tokenKey, 'shop');
    expect(await (await state.open()).tokenKey.load()).toBeDefined();
  });

  it('that was killed leaves the folder free', async () => {
    await startServer();
    child?.kill('SIGKILL');
    await once(child as ChildProcess, 'exit');
    await state.open('server');
  });

  it('of an older version is not brought forward behind its back', async () => {
    await startServer();
    writeFileSync(join(state.folder, 'token-key.pem'), 'a file that only an older portcullis writes', {
      mode: 0o600,
    });
    await expect(state.open()).rejects.toThrow(/is in use by process .* start that server anew/);
  });
});

it('many processes that meet a new folder at once find one state', async () => {
  const program = `
    const { openStore } = await import(${JSON.stringify(new URL('./store.ts', import.meta.url))});
    const { systemClock } = await import(${JSON.stringify(new URL('../lib/clock.ts', import.meta.url))});
    const store = await openStore(process.argv[1], systemClock);
    await store.tokenKey.save('pem of ' + process.pid).catch(() => {});
    console.log((await store.tokenKey.load()).pem);
  `;
  const answers = Array.from({ length: 4 }, async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, state.folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return String((await once(child.stdout, 'data'))[0]);
  });
  const keys = await Promise.all(answers);
  expect(keys[0]).toMatch(/^pem of /);
  expect(new Set(keys).size).toBe(1);
});
