import 'reflect-metadata';

import { X509Certificate } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate as ParsedCertificate,
  SubjectAlternativeNameExtension,
} from '@peculiar/x509';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority } from './authority.ts';
import { issueServerCertificate } from './server-certificate.ts';
import { issueSvid } from './svid.ts';

const now = Date.UTC(2026, 5, 1, 12, 0, 0, 789);
const HOUR_MS = 3_600_000;
const options = { spiffeId: 'spiffe://shop.example/orders', ttlMs: HOUR_MS, now };

let authority: Authority;

beforeAll(async () => {
  authority = await createAuthority({
    name: 'shop mesh authority',
    spiffeId: 'spiffe://shop.example',
    lifetimeMs: 24 * HOUR_MS,
    now,
  });
});

describe('an SVID', () => {
  it('is signed by the authority, holds its own key and is named by exactly one SPIFFE ID', async () => {
    const svid = await issueSvid(authority, options);
    const certificate = new X509Certificate(svid.certificatePem);
    const issuer = new X509Certificate(authority.certificatePem);
    expect(certificate.verify(issuer.publicKey)).toBe(true);
    expect(certificate.checkIssued(issuer)).toBe(true);
    expect(certificate.subjectAltName).toBe('URI:spiffe://shop.example/orders');
    expect(certificate.subject ?? '').toBe('');
    expect(svid.spiffeId).toBe('spiffe://shop.example/orders');
  });

  it('is no authority, may sign handshakes on both ends and nothing else', async () => {
    const svid = await issueSvid(authority, options);
    const parsed = new ParsedCertificate(svid.certificatePem);
    expect(parsed.getExtension(BasicConstraintsExtension)).toMatchObject({ ca: false, critical: true });
    expect(parsed.getExtension(KeyUsagesExtension)).toMatchObject({
      usages: KeyUsageFlags.digitalSignature,
      critical: true,
    });
    expect(parsed.getExtension(SubjectAlternativeNameExtension)?.critical).toBe(true);
    expect(parsed.getExtension(AuthorityKeyIdentifierExtension)?.keyId).toBe(authority.id);
    expect(new X509Certificate(svid.certificatePem).keyUsage).toEqual([
      '1.3.6.1.5.5.7.3.1',
      '1.3.6.1.5.5.7.3.2',
    ]);
  });

  it('is valid from five minutes back to its end, in whole seconds, and says so itself', async () => {
    const svid = await issueSvid(authority, options);
    const certificate = new X509Certificate(svid.certificatePem);
    expect(svid).toMatchObject({
      issuedAt: now,
      notBefore: Date.UTC(2026, 5, 1, 11, 55),
      notAfter: Date.UTC(2026, 5, 1, 13),
    });
    expect(certificate.validFromDate.getTime()).toBe(svid.notBefore);
    expect(certificate.validToDate.getTime()).toBe(svid.notAfter);
  });

  it('never outlives its authority, and an authority that has ended issues nothing', async () => {
    const svid = await issueSvid(authority, { ...options, ttlMs: 48 * HOUR_MS });
    expect(svid.notAfter).toBe(authority.notAfter);
    await expect(issueSvid(authority, { ...options, now: authority.notAfter })).rejects.toThrow(
      'cannot issue',
    );
  });

  it('has a serial number and a key that no other has, though the rest of its body is shared', async () => {
    const svids = await Promise.all(Array.from({ length: 50 }, () => issueSvid(authority, options)));
    expect(new Set(svids.map((svid) => svid.serial)).size).toBe(50);
    expect(new Set(svids.map((svid) => svid.privateKeyPem)).size).toBe(50);
    for (const svid of svids) {
      expect(svid.serial).toMatch(/^[4-7][0-9a-f]{31}$/);
      expect(new X509Certificate(svid.certificatePem).serialNumber.toLowerCase()).toBe(svid.serial);
    }
  });

  it('keeps the identities apart whose bodies are kept for reuse', async () => {
    const ids = ['orders', 'payments', 'orders', 'payments'].map((name) => `spiffe://shop.example/${name}`);
    for (const spiffeId of ids) {
      const svid = await issueSvid(authority, { ...options, spiffeId });
      expect(new X509Certificate(svid.certificatePem).subjectAltName).toBe(`URI:${spiffeId}`);
    }
  });

  it.each([
    ['of another trust domain', 'spiffe://evil.example/orders', 'is for the trust domain "shop.example"'],
    ['of the trust domain itself', 'spiffe://shop.example', 'names no workload'],
    ['that is no SPIFFE ID', 'spiffe://shop.example/or ders', 'may hold only'],
    [
      'with a second name smuggled in',
      'spiffe://shop.example/a, URI:spiffe://shop.example/b',
      'may hold only',
    ],
  ])('is not issued for an id %s', async (_, spiffeId, why) => {
    await expect(issueSvid(authority, { ...options, spiffeId })).rejects.toThrow(why);
  });
});

describe("the xDS port's certificate", () => {
  it('names the control plane, host names and addresses, and is for servers only', async () => {
    const leaf = await issueServerCertificate(authority, {
      hosts: ['localhost', 'mesh.internal', '127.0.0.1', '::1'],
      ttlMs: HOUR_MS,
      now,
    });
    const certificate = new X509Certificate(leaf.certificatePem);
    expect(certificate.subjectAltName).toBe(
      'URI:spiffe://shop.example/portcullis, DNS:localhost, DNS:mesh.internal, ' +
        'IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    );
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  });
});
