import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFileAtomically } from './atomic-file.ts';
import { readSecretFile } from './secret-file.ts';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-store-'));
  path = join(folder, 'secret.pem');
  await writeFileAtomically(path, 'secret');
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('reading a secret', () => {
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
