import 'reflect-metadata';

import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { ControlPlaneError } from '../lib/errors.ts';
import { type Authority, CLOCK_SKEW_MS } from './authority.ts';
import { bitString, children, positiveInteger, sequence, time } from './der.ts';

/** What the certificates of one identity have in common. */
export interface LeafProfile {
  /** The one SPIFFE ID. */
  readonly uri: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly usages: readonly ('serverAuth' | 'clientAuth')[];
}

export interface LeafOptions {
  readonly ttlMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  /** 32 lower-case hex digits; by default random. */
  readonly serial?: string;
}

/** A certificate with its key. All times in milliseconds since the Unix epoch. */
export interface Leaf {
  /** 32 lower-case hex digits, as Envoy prints serial numbers. */
  readonly serial: string;
  /** The chain without the authority: a single certificate. */
  readonly certificatePem: string;
  /** PKCS #8. */
  readonly privateKeyPem: string;
  readonly issuedAt: number;
  /** Whole seconds, like `notAfter`. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** The parts of a to-be-signed certificate that do not change from one leaf of an identity to the next. */
interface Body {
  readonly version: Buffer;
  readonly algorithm: Buffer;
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly extensions: Buffer;
}

/** An authority's key, parsed, and the bodies that it has signed: one for each identity ever asked for. */
interface Signer {
  readonly key: KeyObject;
  readonly bodies: Map<string, Promise<Body>>;
}

const signers = new WeakMap<Authority, Signer>();

/**
 * Issues a leaf: ECDSA P-256 with a new key, valid from five minutes before `now`, never past its authority. The
 * body is built once per identity; after that only serial number, validity and key are spliced in and signed, which is
 * an order of magnitude faster than building each certificate from scratch.
 * @throws ControlPlaneError `ERR_AUTHORITY` if the authority has ended
 */
export async function issueLeaf(
  authority: Authority,
  profile: LeafProfile,
  options: LeafOptions,
): Promise<Leaf> {
  const { ttlMs, now, serial = randomSerial() } = options;
  if (now >= authority.notAfter) {
    throw new ControlPlaneError(
      'ERR_AUTHORITY',
      `"${authority.subject}" cannot issue: it ended at ${new Date(authority.notAfter).toISOString()}`,
    );
  }
  const notBefore = wholeSeconds(now - CLOCK_SKEW_MS);
  const notAfter = Math.min(wholeSeconds(now + ttlMs), authority.notAfter);
  const signer = signerOf(authority);
  const body = await bodyOf(signer, authority, profile);
  const { publicKey, privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const toBeSigned = sequence(
    body.version,
    positiveInteger(Buffer.from(serial, 'hex')),
    body.algorithm,
    body.issuer,
    sequence(time(notBefore), time(notAfter)),
    body.subject,
    publicKey,
    body.extensions,
  );
  const signature = sign('sha256', toBeSigned, signer.key);
  const certificatePem = pemOf(sequence(toBeSigned, body.algorithm, bitString(signature)));
  return { serial, certificatePem, privateKeyPem: privateKey, issuedAt: now, notBefore, notAfter };
}

/** 126 random bits. The first byte lies in 0x40–0x7f, so the number is positive and always has 32 digits. */
function randomSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

function wholeSeconds(atMs: number): number {
  return Math.floor(atMs / 1000) * 1000;
}

function pemOf(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) as string[];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function signerOf(authority: Authority): Signer {
  const known = signers.get(authority);
  if (known) return known;
  const signer: Signer = { key: createPrivateKey(authority.privateKeyPem), bodies: new Map() };
  signers.set(authority, signer);
  return signer;
}

function bodyOf(signer: Signer, authority: Authority, profile: LeafProfile): Promise<Body> {
  const identity = JSON.stringify(profile);
  const known = signer.bodies.get(identity);
  if (known) return known;
  const body = buildBody(signer, authority, profile);
  signer.bodies.set(identity, body);
  body.catch(() => signer.bodies.delete(identity));
  return body;
}

/**
 * X509-SVID, section 4: not an authority, one URI name, digital signature. The subject is empty, so the names are
 * critical (RFC 5280, section 4.1.2.6): nothing can be matched but the SPIFFE ID.
 */
async function buildBody(signer: Signer, authority: Authority, profile: LeafProfile): Promise<Body> {
  const issuer = new X509Certificate(authority.certificatePem);
  const names = [
    { type: 'url' as const, value: profile.uri },
    ...profile.dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...profile.ipAddresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  const certificate = await X509CertificateGenerator.create({
    issuer: issuer.subjectName,
    publicKey: issuer.publicKey,
    signingKey: signer.key.toCryptoKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(profile.usages.map((usage) => ExtendedKeyUsage[usage])),
      new AuthorityKeyIdentifierExtension(authority.id),
      new SubjectAlternativeNameExtension(names, true),
    ],
  });
  const [toBeSigned] = children(Buffer.from(certificate.rawData));
  const [version, , algorithm, issuerName, , subject, , extensions] = children(toBeSigned as Buffer);
  return { version, algorithm, issuer: issuerName, subject, extensions } as Body;
}
