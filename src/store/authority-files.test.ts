import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatAuthority } from '../identity/authority.ts';
import { openAuthority } from '../identity/authority-store.ts';
import { openTokenSigner } from '../identity/token-key.ts';
import { createAuthorityFiles } from './authority-files.ts';
import { createTokenKeyFile } from './token-key-file.ts';

const options = {
  mesh: 'shop',
  trustDomain: 'shop.example',
  lifetimeMs: 86_400_000,
  now: Date.UTC(2026, 5, 1),
};

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-state-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('a state folder', () => {
  it('keeps both authorities and the token key over a restart, each in one 0600 file', async () => {
    const start = async () => ({
      mesh: await openAuthority(createAuthorityFiles(folder), 'mesh', options),
      xds: await openAuthority(createAuthorityFiles(folder), 'xds', options),
      keyId: (await openTokenSigner(createTokenKeyFile(folder), 'shop')).keyId,
    });
    const first = await start();
    expect(await start()).toEqual(first);
    const files = readdirSync(folder).sort();
    expect(files).toEqual(['mesh-authority.pem', 'token-key.pem', 'xds-authority.pem']);
    expect(files.map((file) => statSync(join(folder, file)).mode & 0o777)).toEqual([0o600, 0o600, 0o600]);
  });

  it('refuses an authority file cut at any length, quotes nothing of it and leaves it as it is', async () => {
    const authority = await openAuthority(createAuthorityFiles(folder), 'mesh', options);
    const whole = formatAuthority(authority);
    const path = join(folder, 'mesh-authority.pem');
    for (let length = 0; length < whole.length - 1; length += 40) {
      writeFileSync(path, whole.slice(0, length));
      const error = await openAuthority(createAuthorityFiles(folder), 'mesh', options).catch(
        (thrown) => thrown,
      );
      expect(error.message).toContain(`cannot use "${path}": the authority is damaged`);
      expect(`${error.stack}${error.cause}`).not.toMatch(/BEGIN|MII|MIG/);
      expect(readFileSync(path, 'utf8')).toBe(whole.slice(0, length));
    }
  });
});

describe('a crash at the first start', () => {
  const program = `
    const { openAuthority } = await import(${JSON.stringify(new URL('../identity/authority-store.ts', import.meta.url))});
    const { createAuthorityFiles } = await import(${JSON.stringify(new URL('./authority-files.ts', import.meta.url))});
    process.stdout.write('ready');
    for (let n = 0; ; n += 1) await openAuthority(createAuthorityFiles(process.argv[1] + '/' + n), 'mesh', ${JSON.stringify(options)});
  `;
  let child: ChildProcess | undefined;

  afterEach(() => child?.kill('SIGKILL'));

  it('leaves either no authority or a whole one, wherever it strikes', async () => {
    child = spawn(process.execPath, ['--input-type=module', '-e', program, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data');
    while (readdirSync(folder).length < 20) await new Promise((resolve) => setImmediate(resolve));
    child.kill('SIGKILL');
    await once(child, 'exit');
    const starts = readdirSync(folder);
    for (const start of starts) {
      const authority = await openAuthority(createAuthorityFiles(join(folder, start)), 'mesh', options);
      expect(authority.trustDomain).toBe('shop.example');
    }
    expect(starts.length).toBeGreaterThanOrEqual(20);
  });
});
