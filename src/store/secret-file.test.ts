import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFileAtomically } from './atomic-file.ts';
import { createSecretFile, readSecretFile } from './secret-file.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-store-'));
  path = join(folder, 'state', 'secret.pem');
});

afterEach(() => rmSync(folder, { recursive: true }));

const modeOf = (of: string) => statSync(of).mode & 0o777;

describe('creating a secret', () => {
  it('makes a folder and a file that only the owner can read, whatever the umask, and leaves nothing else', async () => {
    const umask = process.umask(0);
    try {
      await createSecretFile(path, 'secret');
    } finally {
      process.umask(umask);
    }
    expect([modeOf(join(folder, 'state')), modeOf(path)]).toEqual([0o700, 0o600]);
    expect(readdirSync(join(folder, 'state'))).toEqual(['secret.pem']);
    expect(await readSecretFile(path)).toBe('secret');
  });

  it('never overwrites one that exists', async () => {
    await createSecretFile(path, 'first');
    await expect(createSecretFile(path, 'second')).rejects.toThrow('exists already and is never overwritten');
    expect(readFileSync(path, 'utf8')).toBe('first');
    expect(readdirSync(join(folder, 'state'))).toEqual(['secret.pem']);
  });

  it('lets one of many win who try at the same moment, and keeps that one whole', async () => {
    const tries = Array.from({ length: 20 }, (_, index) => createSecretFile(path, `secret ${index}`));
    const winners = (await Promise.allSettled(tries)).flatMap(({ status }, index) =>
      status === 'fulfilled' ? [`secret ${index}`] : [],
    );
    expect(winners).toEqual([readFileSync(path, 'utf8')]);
  });

  it('refuses a folder that is open to others, and says what to run', async () => {
    mkdirSync(join(folder, 'state'));
    chmodSync(join(folder, 'state'), 0o755);
    await expect(createSecretFile(path, 'secret')).rejects.toThrow(
      /permissions are 0755; run chmod 700 ".*state"/,
    );
  });

  it('says which folder cannot be used where a file is in its way', async () => {
    writeFileSync(join(folder, 'state'), '');
    await expect(createSecretFile(path, 'secret')).rejects.toMatchObject({
      code: 'ERR_STATE',
      message: expect.stringMatching(/^cannot use the folder ".*state": EEXIST/),
    });
  });
});

describe('reading a secret', () => {
  beforeEach(() => createSecretFile(path, 'secret'));

  it('finds nothing where there is no file', async () => {
    expect(await readSecretFile(join(folder, 'absent'))).toBeUndefined();
  });

  it.each([0o640, 0o604, 0o620, 0o644, 0o666])('refuses permissions looser than 0600: %o', async (mode) => {
    chmodSync(path, mode);
    await expect(readSecretFile(path)).rejects.toThrow(
      /others may have read or changed it; run chmod 600 ".*secret\.pem"/,
    );
  });

  it('does not follow a link', async () => {
    const other = join(folder, 'link');
    symlinkSync(path, other);
    await expect(readSecretFile(other)).rejects.toThrow(`cannot read "${other}"`);
  });

  it('refuses a folder in its place, and a file of absurd size', async () => {
    await expect(readSecretFile(folder)).rejects.toThrow('is not a plain file');
    await writeFileAtomically(path, 'x'.repeat(70_000));
    await expect(readSecretFile(path)).rejects.toThrow('larger than 64 KiB');
  });

  it('is not disturbed by what a crash in the middle of writing left behind', async () => {
    writeFileSync(`${path}.0123456789ab.tmp`, 'sec', { mode: 0o600 });
    expect(await readSecretFile(path)).toBe('secret');
  });
});

describe('replacing a file', () => {
  it('that cannot be put in place leaves the old state and no temporary file', async () => {
    const taken = join(folder, 'taken');
    mkdirSync(taken);
    await expect(writeFileAtomically(taken, 'secret')).rejects.toThrow('EISDIR');
    expect(readdirSync(folder)).toEqual(['taken']);
  });
});
