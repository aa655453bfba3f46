import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { messageOf } from '../lib/errors.ts';
import { type Authority, createAuthority, formatAuthority, parseAuthority } from './authority.ts';
import { issueSvid } from './svid.ts';

const now = Date.UTC(2026, 5, 1, 12, 0, 0, 789);
const DAY_MS = 86_400_000;
const options = {
  name: 'shop mesh authority',
  spiffeId: 'spiffe://shop.example',
  lifetimeMs: 3650 * DAY_MS,
  now,
};

let authority: Authority;
let other: Authority;

beforeAll(async () => {
  authority = await createAuthority(options);
  other = await createAuthority({ ...options, name: 'another' });
});

describe('an authority', () => {
  it('is a self-signed certificate that may sign certificates and says for which trust domain', () => {
    const certificate = new X509Certificate(authority.certificatePem);
    expect(certificate.ca).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.subjectAltName).toBe('URI:spiffe://shop.example');
    expect(certificate.subject).toBe('O=portcullis\nCN=shop mesh authority');
    expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(authority).toMatchObject({
      trustDomain: 'shop.example',
      subject: 'O=portcullis, CN=shop mesh authority',
    });
  });

  it('is valid from five minutes before it was made, in whole seconds, to the end of its lifetime', () => {
    expect(new Date(authority.notBefore).toISOString()).toBe('2026-06-01T11:55:00.000Z');
    expect(new Date(authority.notAfter).toISOString()).toBe('2036-05-29T12:00:00.000Z');
  });

  it('may outlive the year 2050, when certificates change how they write a time', async () => {
    const long = await createAuthority({ ...options, lifetimeMs: 40 * 365 * DAY_MS });
    expect(new Date(long.notAfter).getUTCFullYear()).toBe(2066);
  });

  it('survives being written and read', () => {
    expect(parseAuthority(formatAuthority(authority))).toEqual(authority);
  });

  it('has an id of its own even under an equal name', async () => {
    expect((await createAuthority(options)).id).not.toBe(authority.id);
  });

  it('is not made for an id with a path', async () => {
    await expect(createAuthority({ ...options, spiffeId: 'spiffe://shop.example/orders' })).rejects.toThrow(
      'an authority is for a whole trust domain',
    );
  });
});

describe('a damaged authority is refused, with what is wrong:', () => {
  const leafPem = () =>
    issueSvid(authority, { spiffeId: 'spiffe://shop.example/orders', ttlMs: DAY_MS, now });
  const p384 = String(
    generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
  );

  it.each([
    ['no text', () => '', 'exactly one CERTIFICATE block'],
    ['no key', () => authority.certificatePem, 'exactly one PRIVATE KEY block'],
    ['no certificate', () => authority.privateKeyPem, 'exactly one CERTIFICATE block'],
    ['two keys', () => formatAuthority(authority) + other.privateKeyPem, 'exactly one PRIVATE KEY block'],
    ["another's key", () => authority.certificatePem + other.privateKeyPem, 'does not belong'],
    ['a key on another curve', () => authority.certificatePem + p384, 'does not belong'],
  ])('%s', (_, pem, why) => {
    expect(() => parseAuthority(pem())).toThrow(why);
  });

  it('a leaf in its place', async () => {
    const leaf = await leafPem();
    expect(() => parseAuthority(leaf.certificatePem + leaf.privateKeyPem)).toThrow(
      'not that of an authority',
    );
  });

  it('cut short anywhere', () => {
    const whole = formatAuthority(authority);
    for (let length = 0; length < whole.length - 1; length += 7) {
      expect(() => parseAuthority(whole.slice(0, length))).toThrow('the authority is damaged');
    }
  });

  it('a letter changed anywhere, unless the key still signs what the certificate verifies', async () => {
    const whole = formatAuthority(authority);
    const issuer = new X509Certificate(authority.certificatePem);
    for (let at = 0; at < whole.length - 1; at += 3) {
      const changed = `${whole.slice(0, at)}${whole[at] === 'Q' ? 'z' : 'Q'}${whole.slice(at + 1)}`;
      const parsed = refusedOr(() => parseAuthority(changed));
      if (parsed === 'refused') continue;
      expect(parsed.certificatePem, `at ${at}`).toBe(authority.certificatePem);
      const svid = await issueSvid(parsed, { spiffeId: 'spiffe://shop.example/orders', ttlMs: DAY_MS, now });
      expect(new X509Certificate(svid.certificatePem).verify(issuer.publicKey), `at ${at}`).toBe(true);
    }
  });
});

/** Any other error than our own fails the test. */
function refusedOr(parse: () => Authority): Authority | 'refused' {
  try {
    return parse();
  } catch (error) {
    expect(messageOf(error)).toContain('the authority is damaged');
    return 'refused';
  }
}
