import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAtomically, createFileAtomically, writeDurably, writeFileAtomically } from './atomic-file.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-store-'));
  path = join(folder, 'file');
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('creating a file', () => {
  it('makes one that only its owner can read, whatever the umask, and leaves nothing else', async () => {
    const umask = process.umask(0);
    try {
      await createFileAtomically(path, 'secret');
    } finally {
      process.umask(umask);
    }
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['file']);
    expect(readFileSync(path, 'utf8')).toBe('secret');
  });

  it('never overwrites one that exists', async () => {
    await createFileAtomically(path, 'first');
    await expect(createFileAtomically(path, 'second')).rejects.toMatchObject({ code: 'EEXIST' });
    expect(readFileSync(path, 'utf8')).toBe('first');
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('lets one of many win who try at the same moment, and keeps that one whole', async () => {
    const tries = Array.from({ length: 20 }, (_, index) => createFileAtomically(path, `secret ${index}`));
    const winners = (await Promise.allSettled(tries)).flatMap(({ status }, index) =>
      status === 'fulfilled' ? [`secret ${index}`] : [],
    );
    expect(winners).toEqual([readFileSync(path, 'utf8')]);
  });

  it('leaves none where its writer fails', async () => {
    const half = createAtomically(path, async (temporary) => {
      await writeDurably(temporary, 'half', 0o600);
      throw new Error('no more');
    });
    await expect(half).rejects.toThrow('no more');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('replacing a file', () => {
  it('that cannot be put in place leaves the old state and no temporary file', async () => {
    mkdirSync(path);
    await expect(writeFileAtomically(path, 'secret')).rejects.toThrow('EISDIR');
    expect(readdirSync(folder)).toEqual(['file']);
  });
});
