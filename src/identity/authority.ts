/**
 * Identity: who signs, what is signed, for how long, and who may ask. This folder makes authorities, SVIDs, the xDS
 * port's certificate and join tokens, renews what ends, and decides who may join. It has no effects of its own: time
 * is handed in, and what must outlive the process goes through interfaces declared here. It knows nothing of the mesh
 * document, of streams or of files.
 */
import 'reflect-metadata';

import {
  createHash,
  createPrivateKey,
  KeyObject,
  sign,
  verify,
  webcrypto,
  X509Certificate,
} from 'node:crypto';
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { ControlPlaneError } from '../lib/errors.ts';
import { parseSpiffeId } from '../lib/spiffe-id.ts';

/** A self-signed certificate authority with its key. Its certificate is the trust bundle. */
export interface Authority {
  /** Hex of its subject key identifier. */
  readonly id: string;
  /** The trust domain that it signs for: the host of its one URI name. */
  readonly trustDomain: string;
  /** Names the mesh and the use, for people. */
  readonly subject: string;
  readonly certificatePem: string;
  /** PKCS #8. */
  readonly privateKeyPem: string;
  /** Milliseconds since the Unix epoch, whole seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface AuthorityOptions {
  /** Names the mesh and the use, e.g. `shop mesh authority`. */
  readonly name: string;
  /** The trust domain's id: `spiffe://<trust domain>`, without a path. */
  readonly spiffeId: string;
  readonly lifetimeMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/** Certificates are valid from this long before they are made, for peers whose clocks are behind. */
export const CLOCK_SKEW_MS = 5 * 60_000;

const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;

/**
 * Makes a new authority: ECDSA P-256, may sign leaves and revocation lists and no further authority, with the trust
 * domain's id as its SPIFFE ID (X509-SVID, section 4).
 * @throws ControlPlaneError `ERR_AUTHORITY` if `spiffeId` has a path, `ERR_SPIFFE_ID` if it is none
 */
export async function createAuthority(options: AuthorityOptions): Promise<Authority> {
  const { name, spiffeId, lifetimeMs, now } = options;
  if (parseSpiffeId(spiffeId).path !== '') {
    throw new ControlPlaneError(
      'ERR_AUTHORITY',
      `"${spiffeId}" has a path, an authority is for a whole trust domain`,
    );
  }
  const keys = await webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ O: ['portcullis'] }, { CN: [name] }],
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    notBefore: new Date(now - CLOCK_SKEW_MS),
    notAfter: new Date(now + lifetimeMs),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      new SubjectAlternativeNameExtension([{ type: 'url', value: spiffeId }]),
      new SubjectKeyIdentifierExtension(keyIdentifier(KeyObject.from(keys.publicKey))),
    ],
  });
  const privateKeyPem = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' });
  return parseAuthority(`${certificate.toString('pem')}\n${privateKeyPem}`);
}

/** Certificate and key in one text, so that no crash can leave a pair that does not match. */
export function formatAuthority(authority: Authority): string {
  return `${authority.certificatePem}${authority.privateKeyPem}`;
}

const BLOCK = /-----BEGIN (CERTIFICATE|PRIVATE KEY)-----\r?\n[A-Za-z0-9+/=\r\n]+-----END \1-----/g;

/**
 * Reads what `formatAuthority` wrote.
 * @throws ControlPlaneError `ERR_AUTHORITY` with what is wrong; no part of the text is quoted, for it holds a key
 */
export function parseAuthority(pem: string): Authority {
  const blocks = [...pem.matchAll(BLOCK)];
  const only = (label: string): string => {
    const [block, second] = blocks.filter((match) => match[1] === label);
    if (block === undefined || second !== undefined) {
      throw damaged(`it must hold exactly one ${label} block`);
    }
    return `${block[0]}\n`;
  };
  const certificatePem = only('CERTIFICATE');
  const privateKeyPem = only('PRIVATE KEY');
  const certificate = readable('certificate', () => new X509Certificate(certificatePem));
  const publicKey = readable('certificate', () => certificate.publicKey);
  const privateKey = readable('private key', () => createPrivateKey(privateKeyPem));
  if (!certificate.ca) throw damaged('its certificate is not that of an authority');
  if (!certificate.verify(publicKey)) throw damaged('the signature of its certificate is wrong');
  if (!readable('private key', () => belongTogether(publicKey, privateKey))) {
    throw damaged('its key does not belong to its certificate');
  }
  if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw damaged('its key is not on the curve P-256');
  const name = /^URI:spiffe:\/\/([^/,"]+)$/.exec(certificate.subjectAltName ?? '');
  if (!name) throw damaged('its certificate does not name one trust domain');
  return {
    id: keyIdentifier(publicKey),
    trustDomain: name[1] as string,
    subject: certificate.subject.replaceAll('\n', ', '),
    certificatePem,
    privateKeyPem,
    notBefore: certificate.validFromDate.getTime(),
    notAfter: certificate.validToDate.getTime(),
  };
}

/** 160 bits of a hash of the public key (RFC 7093, section 2), in hex. */
function keyIdentifier(publicKey: KeyObject): string {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('hex').slice(0, 40);
}

/** Tried with a signature: a damaged private key may still carry the right public one. */
function belongTogether(publicKey: KeyObject, privateKey: KeyObject): boolean {
  const probe = Buffer.from('probe');
  return verify('sha256', probe, publicKey, sign('sha256', probe, privateKey));
}

/** The reader's own message is dropped: it might quote what it could not read. */
function readable<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch {
    throw damaged(`its ${what} cannot be read`);
  }
}

function damaged(why: string): ControlPlaneError {
  return new ControlPlaneError('ERR_AUTHORITY', `the authority is damaged: ${why}`);
}
