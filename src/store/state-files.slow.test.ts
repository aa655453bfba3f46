import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { throwAwayState } from '../../test/support/throw-away-state.ts';

const state = throwAwayState();
const FILES = ['mesh-authority.pem', 'xds-authority.pem', 'token-key.pem', 'last-good.json'];
const pemOf = (name: string) => `-----BEGIN PRIVATE KEY-----\nMIGH${name}\n-----END PRIVATE KEY-----\n`;

function put(file: string, content: string): void {
  writeFileSync(join(state.folder, file), content, { mode: 0o600 });
}

function putAll(): void {
  for (const file of FILES.slice(0, 3)) put(file, pemOf(file));
  put('last-good.json', JSON.stringify([{ file: 'mesh.yaml', text: 'version: 1' }]));
}

beforeEach(() => void mkdirSync(state.folder, { mode: 0o700 }));

const left = () => readdirSync(state.folder).filter((file) => FILES.includes(file));

async function expectAllImported(): Promise<void> {
  const store = await state.open('server');
  const pems = [store.authorities.load('mesh'), store.authorities.load('xds'), store.tokenKey.load()];
  expect((await Promise.all(pems)).map((stored) => stored?.pem)).toEqual(FILES.slice(0, 3).map(pemOf));
  const document = await store.documents.latest();
  expect(document).toMatchObject({ revision: 1, files: [{ file: 'mesh.yaml' }] });
  expect(Buffer.from(document?.files[0]?.bytes ?? []).toString()).toBe('version: 1');
  expect(left()).toEqual([]);
  await store.close();
}

describe('the files of a state folder from before there was a database', () => {
  it('move into it once', async () => {
    putAll();
    await expectAllImported();
    await expectAllImported();
  });

  it('that a crash left after the database had them go with the next start', async () => {
    putAll();
    await expectAllImported();
    putAll();
    await expectAllImported();
  });

  it('that differ from what the database has are refused, and nothing changes', async () => {
    putAll();
    await expectAllImported();
    put('xds-authority.pem', pemOf('other'));
    await expect(state.open()).rejects.toThrow(
      /xds-authority\.pem" and ".*state\.db" hold different keys.*move the file away/,
    );
    expect(left()).toEqual(['xds-authority.pem']);
  });

  it('are refused when cut at any length, without a byte of them in the message, and nothing is moved', async () => {
    putAll();
    const whole = pemOf('mesh-authority.pem');
    for (let length = 0; length < whole.length - 1; length += 7) {
      put('mesh-authority.pem', whole.slice(0, length));
      const error = await state.open().catch((thrown) => thrown);
      expect(error.message).toContain('mesh-authority.pem" is damaged');
      expect(`${error.stack}${error.cause}`).not.toMatch(/BEGIN|MIGH/);
      expect(left().sort()).toEqual([...FILES].sort());
    }
  });

  it('do not bring a damaged last good document', async () => {
    put('last-good.json', '[{"file":');
    const store = await state.open();
    expect(await store.documents.latest()).toBeUndefined();
    expect(left()).toEqual([]);
  });
});

describe('a crash while they move', () => {
  const program = `
    const { openStore } = await import(${JSON.stringify(new URL('./store.ts', import.meta.url))});
    const { systemClock } = await import(${JSON.stringify(new URL('../lib/clock.ts', import.meta.url))});
    process.stdout.write('ready');
    process.stdin.once('data', () => openStore(process.argv[1], systemClock, 'server').then(() => process.stdin.unref()));
  `;
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill('SIGKILL'));

  /** Kills a server as soon as it is seen to have got somewhere. */
  async function crashOnce(at: () => boolean): Promise<void> {
    child = spawn(process.execPath, ['--input-type=module', '-e', program, state.folder], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data');
    child.stdin?.write('go');
    while (!at()) await new Promise((resolve) => setImmediate(resolve));
    child.kill('SIGKILL');
    await exited;
  }

  const exists = (file: string) => existsSync(join(state.folder, file));
  const temporary = () => readdirSync(state.folder).some((file) => file.endsWith('.tmp'));

  it.each([
    ['before anything is made', () => true],
    ['when the lock is there', () => exists('serve.lock')],
    ['while the database is made', () => temporary() || exists('state.db')],
    ['when the database is there', () => exists('state.db')],
    ['when its log is there', () => exists('state.db-wal')],
    ['when the first file is gone', () => !exists('mesh-authority.pem')],
    ['when the second file is gone', () => !exists('xds-authority.pem')],
    ['when the last file is gone', () => !exists('last-good.json')],
  ])('%s loses nothing and leaves one truth', async (_, at) => {
    putAll();
    await crashOnce(at);
    for (const file of left().slice(0, 3)) {
      if (file.endsWith('.pem')) expect(readFileSync(join(state.folder, file), 'utf8')).toBe(pemOf(file));
    }
    await expectAllImported();
  });
});
