import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { seal, unseal } from './sealed-file.ts';

const PASSPHRASE = 'correct horse battery';
const CONTENT = Buffer.from('-----BEGIN PRIVATE KEY-----'.repeat(40));
const CREATED_AT = Date.UTC(2026, 0, 1);
/** As cheap as can be: these tests try hundreds of times. */
const COST = { log2N: 4, r: 1, p: 1 };

let sealed: Buffer;
beforeAll(async () => {
  sealed = Buffer.from(await seal({ content: CONTENT, createdAt: CREATED_AT }, PASSPHRASE, COST));
});

/** With bytes changed and, as an attacker would, the checksum made to fit. */
function altered(at: number, ...bytes: number[]): Buffer {
  const copy = Buffer.from(sealed);
  copy.set(bytes, at);
  createHash('sha256').update(copy.subarray(0, 64)).digest().copy(copy, 64, 0, 8);
  return copy;
}

const complaint = (bytes: Uint8Array, passphrase = PASSPHRASE): Promise<string> =>
  unseal(bytes, passphrase).then(
    () => 'opened',
    (error) => {
      expect(error.code).toBe('ERR_BACKUP');
      return error.message;
    },
  );

describe('a sealed file', () => {
  it('opens with its passphrase, and shows nothing of its content', async () => {
    const { content, createdAt } = await unseal(sealed, PASSPHRASE);
    expect(Buffer.from(content).equals(CONTENT)).toBe(true);
    expect(createdAt).toBe(CREATED_AT);
    expect(sealed.toString('latin1')).not.toContain('PRIVATE');
  });

  it('opens however the keyboard composed the passphrase', async () => {
    const bytes = await seal({ content: CONTENT, createdAt: 0 }, 'Schlüsselbund\u0301', COST);
    expect(await complaint(bytes, 'Schlu\u0308sselbund\u0301')).toBe('opened');
  });

  it('made twice is never the same', async () => {
    const again = await seal({ content: CONTENT, createdAt: CREATED_AT }, PASSPHRASE, COST);
    expect(sealed.subarray(20, 48).equals(again.subarray(20, 48))).toBe(false);
    expect(sealed.subarray(72).equals(again.subarray(72))).toBe(false);
  });

  it('costs a guess 128 MiB unless a test says otherwise', async () => {
    const real = await seal({ content: CONTENT, createdAt: 0 }, PASSPHRASE);
    expect([...real.subarray(9, 12)]).toEqual([17, 8, 1]);
    expect(await complaint(real)).toBe('opened');
  });
});

describe('what is wrong is told apart', () => {
  it('a wrong passphrase', async () => {
    expect(await complaint(sealed, 'correct horse batterz')).toContain('the passphrase is wrong');
  });

  it('another file, a newer format, absurd parameters', async () => {
    expect(await complaint(Buffer.from('SQLite format 3\0'))).toContain('it is no backup');
    expect(await complaint(Buffer.alloc(0))).toContain('it is no backup');
    expect(await complaint(altered(8, 2))).toContain('it has format 2, and this portcullis knows format 1');
    for (const cost of [
      [63, 1, 1],
      [0, 1, 1],
      [4, 255, 1],
      [4, 1, 255],
      [4, 0, 1],
    ]) {
      expect(await complaint(altered(9, ...cost))).toContain('absurd work');
    }
  });

  it('a header with any byte damaged', async () => {
    for (let at = 8; at < 72; at += 1) {
      const copy = Buffer.from(sealed);
      copy[at] = (copy[at] ?? 0) ^ 0x10;
      expect(await complaint(copy), `byte ${at}`).toContain('its header is damaged');
    }
  });

  it('a header altered on purpose opens nothing, with whatever byte', async () => {
    for (let at = 12; at < 64; at += 1) {
      expect(await complaint(altered(at, (sealed[at] ?? 0) ^ 1)), `byte ${at}`).toContain(
        'the passphrase is wrong',
      );
    }
  });

  it('content with any byte altered, or cut anywhere', async () => {
    for (let at = 72; at < sealed.length; at += 7) {
      const copy = Buffer.from(sealed);
      copy[at] = (copy[at] ?? 0) ^ 1;
      expect(await complaint(copy), `byte ${at}`).toContain('the passphrase is right, but the content');
      expect(await complaint(sealed.subarray(0, at))).toMatch(/cut short/);
    }
    for (let length = 8; length < 72; length += 1) {
      expect(await complaint(sealed.subarray(0, length))).toContain('cut short');
    }
  });
});
