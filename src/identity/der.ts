import { ControlPlaneError } from '../lib/errors.ts';

/**
 * The few DER values (ITU-T X.690) from which a certificate is put together again with another serial number,
 * validity and key. Parsing anything that came from outside is not for this file.
 */

const TAG = { integer: 0x02, bitString: 0x03, utcTime: 0x17, generalizedTime: 0x18, sequence: 0x30 } as const;

/** Splits a constructed value into its direct children, each with its tag and length. */
export function children(der: Buffer): readonly Buffer[] {
  const outer = header(der, 0);
  if (outer.end !== der.length) throw malformed();
  const parts: Buffer[] = [];
  for (let at = outer.start; at < outer.end; ) {
    const { end } = header(der, at);
    if (end > outer.end) throw malformed();
    parts.push(der.subarray(at, end));
    at = end;
  }
  return parts;
}

export function sequence(...parts: readonly Buffer[]): Buffer {
  return value(TAG.sequence, Buffer.concat(parts));
}

/** A positive integer from its big-endian bytes: no needless leading zero, one where the top bit would make it negative. */
export function positiveInteger(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  if (first === -1) throw new ControlPlaneError('ERR_AUTHORITY', 'a positive integer cannot be zero');
  const digits = bytes.subarray(first);
  const isNegative = ((digits[0] as number) & 0x80) !== 0;
  return value(TAG.integer, isNegative ? Buffer.concat([Buffer.of(0), digits]) : digits);
}

/** Whole bytes as a bit string. */
export function bitString(bytes: Buffer): Buffer {
  return value(TAG.bitString, Buffer.concat([Buffer.of(0), bytes]));
}

/** A point in time in whole seconds: UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280, section 4.1.2.5). */
export function time(atMs: number): Buffer {
  const digits = new Date(atMs).toISOString().replace(/\.\d{3}|[-:T]/g, '');
  const isUtcTime = digits < '2050';
  return value(
    isUtcTime ? TAG.utcTime : TAG.generalizedTime,
    Buffer.from(isUtcTime ? digits.slice(2) : digits),
  );
}

function value(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.of(tag, ...length(content.length)), content]);
}

function length(byteCount: number): readonly number[] {
  if (byteCount < 0x80) return [byteCount];
  if (byteCount < 0x100) return [0x81, byteCount];
  if (byteCount < 0x10000) return [0x82, byteCount >> 8, byteCount & 0xff];
  throw new ControlPlaneError('ERR_AUTHORITY', 'a certificate of more than 64 KiB is refused');
}

/** Where the content of the value at `at` starts and ends. Tags are single bytes and lengths at most two in a certificate of ours. */
function header(der: Buffer, at: number): { start: number; end: number } {
  const first = der[at + 1];
  if (first === undefined) throw malformed();
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (lengthBytes > 2 || at + 2 + lengthBytes > der.length) throw malformed();
  const start = at + 2 + lengthBytes;
  const end = start + (lengthBytes === 0 ? first : der.readUIntBE(at + 2, lengthBytes));
  if (end > der.length) throw malformed();
  return { start, end };
}

function malformed(): ControlPlaneError {
  return new ControlPlaneError('ERR_AUTHORITY', 'not the DER encoding of a certificate');
}
