import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitString, children, positiveInteger, sequence, time } from './der.ts';

const bytes = (...values: number[]) => Buffer.from(values);

describe('DER values', () => {
  it('splits a sequence into the children that it was made of, whatever their lengths', () => {
    const child = fc.uint8Array({ maxLength: 400 }).map((content) => bitString(Buffer.from(content)));
    fc.assert(
      fc.property(fc.array(child, { maxLength: 5 }), (parts) => {
        expect(children(sequence(...parts))).toEqual(parts);
      }),
    );
  });

  it('agrees with OpenSSL on the structure of a public key', () => {
    const { publicKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'der' },
      privateKeyEncoding: { type: 'pkcs8', format: 'der' },
    });
    const [algorithm, key] = children(publicKey) as [Buffer, Buffer];
    expect(sequence(algorithm, bitString(key.subarray(3)))).toEqual(publicKey);
  });

  it('encodes a positive integer with as few bytes as its sign allows', () => {
    expect(positiveInteger(bytes(0x7f))).toEqual(bytes(0x02, 1, 0x7f));
    expect(positiveInteger(bytes(0x80))).toEqual(bytes(0x02, 2, 0x00, 0x80));
    expect(positiveInteger(bytes(0, 0, 5, 0))).toEqual(bytes(0x02, 2, 5, 0));
    expect(() => positiveInteger(bytes(0, 0))).toThrow('cannot be zero');
  });

  it('encodes a time with two digits of the year through 2049 and with four from 2050', () => {
    expect(time(Date.UTC(2049, 11, 31, 23, 59, 59)).toString('latin1', 2)).toBe('491231235959Z');
    expect(time(Date.UTC(2050, 0, 1)).toString('latin1', 2)).toBe('20500101000000Z');
  });

  it.each([
    ['an empty value', bytes()],
    ['a length without its bytes', bytes(0x30, 0x82, 1)],
    ['a value longer than what holds it', bytes(0x30, 3, 0x02, 5, 1)],
    ['bytes after the end', bytes(0x30, 0, 0)],
    ['a length of four bytes', bytes(0x30, 0x84, 0, 0, 0, 0)],
  ])('refuses %s', (_, der) => {
    expect(() => children(der)).toThrow('not the DER encoding');
  });
});
