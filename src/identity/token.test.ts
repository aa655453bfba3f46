import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { issueToken, verifyToken } from './token.ts';
import { openTokenSigner, type TokenKeys, type TokenSigner, verificationKeys } from './token-key.ts';

const now = Date.UTC(2026, 5, 1, 12, 0, 0, 400);
const HOUR_MS = 3_600_000;

let pem: string;
const store = {
  load: async () => (pem === undefined ? undefined : { pem, where: '"memory"' }),
  save: async (text: string) => {
    pem = text;
  },
};
let signer: TokenSigner;
let keys: TokenKeys;
let token: string;

beforeAll(async () => {
  signer = await openTokenSigner(store, 'shop');
  keys = verificationKeys(signer);
  ({ token } = await issueToken(signer, { service: 'orders', ttlMs: HOUR_MS, now }));
});

type Part = Readonly<Record<string, unknown>>;
const encode = (part: Part) => Buffer.from(JSON.stringify(part)).toString('base64url');
const partOf = (text: string, index: number): Part =>
  JSON.parse(Buffer.from(text.split('.')[index] as string, 'base64url').toString());

/** A token of the attacker's own making, signed with whatever key. */
function forge(header: Part, claims: Part, signature: (input: string) => Buffer): string {
  const input = `${encode({ ...partOf(token, 0), ...header })}.${encode({ ...partOf(token, 1), ...claims })}`;
  return `${input}.${signature(input).toString('base64url')}`;
}
const ed25519 = (key: KeyObject) => (input: string) => sign(null, Buffer.from(input), key);
const resigned = (claims: Part, header: Part = {}) => forge(header, claims, ed25519(signer.privateKey));

describe('a join token', () => {
  it('says which service may join, until when, and has an id of its own', async () => {
    const issued = await issueToken(signer, { service: 'orders', ttlMs: HOUR_MS, now });
    const verdict = await verifyToken(keys, issued.token, now);
    expect(verdict).toEqual({
      ok: true,
      claims: {
        iss: 'portcullis/shop',
        aud: 'portcullis-xds',
        sub: 'orders',
        jti: issued.jti,
        iat: Date.UTC(2026, 5, 1, 12) / 1000,
        exp: issued.expiresAt / 1000,
      },
    });
    expect(issued.expiresAt).toBe(Date.UTC(2026, 5, 1, 13, 0, 1));
    expect(issued.token).not.toBe(token);
  });

  it('may be bound to an instance and to an address range', async () => {
    const issued = await issueToken(signer, {
      service: 'orders',
      instance: '1',
      cidr: '10.0.0.0/8',
      ttlMs: 1,
      now,
    });
    const verdict = await verifyToken(keys, issued.token, now);
    expect(verdict).toMatchObject({ ok: true, claims: { instance: '1', cidr: '10.0.0.0/8' } });
  });

  it('still counts after a restart with the stored key', async () => {
    const again = verificationKeys(await openTokenSigner(store, 'shop'));
    expect(await verifyToken(again, token, now)).toMatchObject({ ok: true });
  });

  it('tolerates a clock that is five seconds off, and no more', async () => {
    expect(await verifyToken(keys, token, now + HOUR_MS + 4_000)).toMatchObject({ ok: true });
    expect(await verifyToken(keys, token, now + HOUR_MS + 6_000)).toEqual({
      ok: false,
      why: 'the token has expired',
    });
  });

  it.each([
    [{ service: 'Orders' }, '"Orders" is no name of a service'],
    [{ service: 'a/b' }, '"a/b" is no name of a service'],
    [{ instance: 'x/y' }, '"x/y" is no name of an instance'],
    [{ cidr: '10.0.0.1' }, '"10.0.0.1" is no address range'],
    [{ cidr: '10.0.0.0/33' }, 'is no address range'],
    [{ ttlMs: 0 }, 'over at once'],
    [{ ttlMs: Number.NaN }, 'over at once'],
  ])('is not issued for %j', async (input, why) => {
    await expect(issueToken(signer, { service: 'orders', ttlMs: 1, now, ...input })).rejects.toThrow(why);
  });
});

describe('an attack with a token is refused:', () => {
  const stranger = generateKeyPairSync('ed25519').privateKey;
  const publicPem = () => String([...keys.keys.values()][0]?.export({ type: 'spki', format: 'pem' }));
  const publicDer = () => [...keys.keys.values()][0]?.export({ type: 'spki', format: 'der' }) as Buffer;
  const hmac = (key: () => string | Buffer) => (input: string) =>
    createHmac('sha256', key()).update(input).digest();
  const es256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

  it.each<[string, () => string, string]>([
    ['signed by a stranger under our key id', () => forge({}, {}, ed25519(stranger)), 'forged'],
    ['other claims under an honest signature', () => swapClaims({ sub: 'payments' }), 'forged'],
    [
      'alg none without a signature',
      () => forge({ alg: 'none' }, {}, () => Buffer.alloc(0)),
      'not signed with EdDSA',
    ],
    [
      'alg None in another spelling',
      () => forge({ alg: 'nOnE' }, {}, () => Buffer.alloc(0)),
      'not signed with EdDSA',
    ],
    [
      'HS256 with the public key (PEM)',
      () => forge({ alg: 'HS256' }, {}, hmac(publicPem)),
      'not signed with EdDSA',
    ],
    [
      'HS256 with the public key (DER)',
      () => forge({ alg: 'HS256' }, {}, hmac(publicDer)),
      'not signed with EdDSA',
    ],
    [
      'ES256',
      () => forge({ alg: 'ES256' }, {}, (input) => sign('sha256', Buffer.from(input), es256)),
      'not signed',
    ],
    ['an unknown key id', () => resigned({}, { kid: 'other' }), 'does not know'],
    ['a key id that every object has', () => resigned({}, { kid: 'constructor' }), 'does not know'],
    ['no key id', () => resigned({}, { kid: undefined }), 'no JWT with a key id'],
    [
      'a key of its own in the header',
      () => forge({ jwk: publicJwk(stranger) }, {}, ed25519(stranger)),
      'forged',
    ],
    ['another type', () => resigned({}, { typ: 'JWT' }), 'is no join token'],
    ['a critical header', () => resigned({}, { crit: ['x'], x: 1 }), 'cannot be verified'],
    ['another audience', () => resigned({ aud: 'portcullis-admin' }), 'another audience'],
    ['several audiences', () => resigned({ aud: ['portcullis-xds', 'x'] }), 'malformed or unknown claims'],
    ['another mesh, even with our key', () => resigned({ iss: 'portcullis/bank' }), 'another mesh'],
    ['no expiry', () => resigned({ exp: undefined }), 'lacks a claim'],
    ['an expiry that is no number', () => resigned({ exp: '9999999999' }), 'lacks a claim'],
    ['expired', () => resigned({ exp: now / 1000 - 6 }), 'has expired'],
    ['not valid yet', () => resigned({ nbf: now / 1000 + 6 }), 'not valid yet'],
    ['no subject', () => resigned({ sub: undefined }), 'lacks a claim'],
    ['a subject that is no text', () => resigned({ sub: 7 }), 'malformed or unknown claims'],
    [
      'a restriction that we do not know',
      () => resigned({ weekdays: 'mo-fr' }),
      'malformed or unknown claims',
    ],
    ['1 MB of text', () => `${token}${'A'.repeat(1_000_000)}`, 'longer than 8 KiB'],
    ['nothing', () => '', 'no JWT'],
    ['two parts', () => token.split('.').slice(0, 2).join('.'), 'no JWT'],
    ['garbage', () => '\u0000.\n.💥', 'no JWT'],
  ])('%s', async (_, attack, why) => {
    const text = attack();
    const verdict = await verifyToken(keys, text, now);
    expect(verdict).toMatchObject({ ok: false, why: expect.stringContaining(why) });
    for (const part of text.split('.').filter((each) => each.length > 3)) {
      expect(JSON.stringify(verdict)).not.toContain(part);
    }
  });

  it('one of another mesh with a key of its own', async () => {
    const memory = { load: async () => undefined, save: async () => {} };
    const bank = await openTokenSigner(memory, 'bank');
    const foreign = await issueToken(bank, { service: 'orders', ttlMs: HOUR_MS, now });
    expect(await verifyToken(keys, foreign.token, now)).toMatchObject({ ok: false });
  });

  it('any single letter changed, but for the last, of which only two bits count', async () => {
    for (let at = 0; at < token.length - 1; at += 1) {
      const changed = `${token.slice(0, at)}${token[at] === 'x' ? '.' : 'x'}${token.slice(at + 1)}`;
      expect((await verifyToken(keys, changed, now)).ok, `at ${at}`).toBe(false);
    }
  });

  function swapClaims(claims: Part): string {
    const [header, , signature] = token.split('.');
    return [header, encode({ ...partOf(token, 1), ...claims }), signature].join('.');
  }

  const publicJwk = (key: KeyObject) => {
    const { d: _private, ...jwk } = key.export({ format: 'jwk' });
    return jwk;
  };
});

describe('a stored token key that is damaged', () => {
  it.each([
    ['garbage', 'garbage'],
    ['cut short', () => pem.slice(0, 60)],
    [
      'of another kind',
      () =>
        String(
          generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
            type: 'pkcs8',
            format: 'pem',
          }),
        ),
    ],
  ])('is refused with its place and what to do: %s', async (_, content) => {
    const text = typeof content === 'string' ? content : content();
    const damaged = { load: async () => ({ pem: text, where: '"/state/token-key.pem"' }), save: store.save };
    await expect(openTokenSigner(damaged, 'shop')).rejects.toThrow(
      /cannot use "\/state\/token-key\.pem": .*restore it from a backup/,
    );
  });
});
