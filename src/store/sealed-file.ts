import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  randomBytes,
  scrypt,
  timingSafeEqual,
} from 'node:crypto';
import { ControlPlaneError } from '../lib/errors.ts';

/**
 * The format of a backup: a header, then the content under AES-256-GCM (NIST SP 800-38D) with the whole header as
 * associated data. The keys come from the passphrase by scrypt (RFC 7914), with a salt of its own for each file.
 *
 *     0  magic      8 bytes  "PORTCULB"
 *     8  version    1        1
 *     9  log2 N     1        scrypt's parameters
 *    10  r          1
 *    11  p          1
 *    12  createdAt  8        milliseconds since the Unix epoch, big-endian
 *    20  salt       16
 *    36  nonce      12
 *    48  check      16       HMAC-SHA-256 of bytes 0 to 47, under a key of the passphrase: tells a wrong one
 *    64  checksum   8        SHA-256 of bytes 0 to 63: tells accidental damage of the header from that
 *    72  content, and the tag of 16 bytes
 */
const MAGIC = Buffer.from('PORTCULB');
const VERSION = 1;
const FIELDS_BYTES = 48;
const CHECK_BYTES = 16;
const CHECKED_BYTES = FIELDS_BYTES + CHECK_BYTES;
const HEADER_BYTES = 72;
const TAG_BYTES = 16;

/** The parameters of scrypt; log2N is the exponent of its N. */
export interface Cost {
  readonly log2N: number;
  readonly r: number;
  readonly p: number;
}

/** 128 MiB and about half a second for each guess. */
const COST: Cost = { log2N: 17, r: 8, p: 1 };
/** What a file may ask of whoever opens it. */
const MAX_COST: Cost = { log2N: 20, r: 8, p: 4 };

export interface Sealed {
  readonly content: Uint8Array;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
}

/** Encrypts and authenticates. */
export async function seal(
  { content, createdAt }: Sealed,
  passphrase: string,
  cost: Cost = COST,
): Promise<Uint8Array> {
  const fields = Buffer.alloc(FIELDS_BYTES);
  MAGIC.copy(fields);
  fields.set([VERSION, cost.log2N, cost.r, cost.p], 8);
  fields.writeBigUInt64BE(BigInt(createdAt), 12);
  randomBytes(28).copy(fields, 20);
  const { contentKey, checkKey } = await deriveKeys(passphrase, fields);
  const checked = Buffer.concat([fields, checkOf(fields, checkKey)]);
  const header = Buffer.concat([checked, checksumOf(checked)]);
  const cipher = createCipheriv('aes-256-gcm', contentKey, nonceOf(fields)).setAAD(header);
  return Buffer.concat([header, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
}

/**
 * Verifies and decrypts what `seal` made.
 * @throws ControlPlaneError `ERR_BACKUP`, telling apart: no backup, a newer format, a damaged header, a wrong passphrase
 *   (or a header that was altered on purpose), damaged or altered content
 */
export async function unseal(sealed: Uint8Array, passphrase: string): Promise<Sealed> {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  const fields = readableFields(bytes);
  const { contentKey, checkKey } = await deriveKeys(passphrase, fields);
  if (!timingSafeEqual(checkOf(fields, checkKey), bytes.subarray(FIELDS_BYTES, CHECKED_BYTES))) {
    throw refused('the passphrase is wrong');
  }
  if (bytes.length < HEADER_BYTES + TAG_BYTES) throw refused('it is cut short');
  const decipher = createDecipheriv('aes-256-gcm', contentKey, nonceOf(fields))
    .setAAD(bytes.subarray(0, HEADER_BYTES))
    .setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    const content = Buffer.concat([
      decipher.update(bytes.subarray(HEADER_BYTES, -TAG_BYTES)),
      decipher.final(),
    ]);
    return { content, createdAt: Number(fields.readBigUInt64BE(12)) };
  } catch {
    throw refused('the passphrase is right, but the content is damaged, cut short or was altered');
  }
}

function readableFields(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw refused('it is no backup of portcullis');
  if (bytes.length < HEADER_BYTES) throw refused('it is cut short');
  const version = bytes[8];
  const checked = bytes.subarray(0, CHECKED_BYTES);
  if (!checksumOf(checked).equals(bytes.subarray(CHECKED_BYTES, HEADER_BYTES))) {
    throw refused('its header is damaged');
  }
  if (version !== VERSION) {
    throw refused(`it has format ${version}, and this portcullis knows format ${VERSION}; use a newer one`);
  }
  const { log2N, r, p } = costOf(bytes);
  const isReasonable = log2N > 0 && r > 0 && p > 0;
  if (!isReasonable || log2N > MAX_COST.log2N || r > MAX_COST.r || p > MAX_COST.p) {
    throw refused('its header asks for absurd work');
  }
  return bytes.subarray(0, FIELDS_BYTES);
}

async function deriveKeys(
  passphrase: string,
  fields: Buffer,
): Promise<{ contentKey: Buffer; checkKey: Buffer }> {
  const { log2N, r, p } = costOf(fields);
  const N = 2 ** log2N;
  const keys = await new Promise<Buffer>((resolve, reject) => {
    const text = passphrase.normalize('NFC'); // keyboards differ in how they compose ä
    scrypt(text, fields.subarray(20, 36), 64, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
  return { contentKey: keys.subarray(0, 32), checkKey: keys.subarray(32) };
}

function costOf(fields: Buffer): Cost {
  const [log2N = 0, r = 0, p = 0] = fields.subarray(9, 12);
  return { log2N, r, p };
}

const nonceOf = (fields: Buffer) => fields.subarray(36, FIELDS_BYTES);
const checkOf = (fields: Buffer, key: Buffer) =>
  createHmac('sha256', key).update(fields).digest().subarray(0, CHECK_BYTES);
const checksumOf = (checked: Buffer) =>
  createHash('sha256')
    .update(checked)
    .digest()
    .subarray(0, HEADER_BYTES - CHECKED_BYTES);

function refused(why: string): ControlPlaneError {
  return new ControlPlaneError('ERR_BACKUP', `the backup cannot be restored: ${why}`);
}
