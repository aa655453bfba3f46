import { randomBytes } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, errors, type JWTVerifyOptions, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { ControlPlaneError } from '../lib/errors.ts';
import { parseNodeId } from '../proto/names.ts';
import { parseAddressRange } from './address-range.ts';
import type { TokenKeys, TokenSigner } from './token-key.ts';

/**
 * Join tokens: what a proxy shows to be let in. A JWT (RFC 7519), built after RFC 8725: one algorithm, a type of its
 * own so that no other token of ours can pass for it, issuer and audience always checked.
 */
const ALGORITHM = 'EdDSA';
const TYPE = 'portcullis-join+jwt';
const AUDIENCE = 'portcullis-xds';
const MAX_LENGTH = 8 * 1024;
const CLOCK_SKEW_S = 5;

/** Strict: a claim that this version does not know could be a restriction that it would not enforce. */
const claimsSchema = z.strictObject({
  iss: z.string(),
  aud: z.literal(AUDIENCE),
  /** The service or gateway. */
  sub: z.string(),
  /** Names the token, for lists and revocation; no secret. */
  jti: z.string(),
  /** Seconds since the Unix epoch, like `exp` and `nbf`. */
  iat: z.number(),
  nbf: z.number().optional(),
  exp: z.number(),
  /** Binds the token to one instance. */
  instance: z.string().optional(),
  /** Binds it to peers of an address range. */
  cidr: z.string().optional(),
});

export type TokenClaims = Readonly<z.infer<typeof claimsSchema>>;

/** `why` is for the log and never holds a part of the token. */
export type TokenVerdict =
  | { readonly ok: true; readonly claims: TokenClaims }
  | { readonly ok: false; readonly why: string };

export interface TokenOptions {
  readonly service: string;
  readonly instance?: string | undefined;
  readonly cidr?: string | undefined;
  readonly ttlMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

export interface IssuedToken {
  readonly token: string;
  readonly jti: string;
  /** Milliseconds since the Unix epoch, whole seconds. */
  readonly expiresAt: number;
}

/**
 * Issues a join token.
 * @throws ControlPlaneError `ERR_TOKEN` if service, instance, address range or life make no sense
 */
export async function issueToken(signer: TokenSigner, options: TokenOptions): Promise<IssuedToken> {
  const { service, instance, cidr, ttlMs, now } = options;
  requireSense(options);
  const jti = randomBytes(16).toString('base64url');
  const issuedAtS = Math.floor(now / 1000);
  const expiresAtS = Math.ceil((now + ttlMs) / 1000);
  const bindings = { ...(instance !== undefined && { instance }), ...(cidr !== undefined && { cidr }) };
  const token = await new SignJWT(bindings)
    .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: signer.keyId })
    .setIssuer(issuer(signer.mesh))
    .setAudience(AUDIENCE)
    .setSubject(service)
    .setJti(jti)
    .setIssuedAt(issuedAtS)
    .setExpirationTime(expiresAtS)
    .sign(signer.privateKey);
  return { token, jti, expiresAt: expiresAtS * 1000 };
}

/** Verifies a join token at `now`, in milliseconds. What else it takes to be let in, `admit` decides. */
export async function verifyToken(keys: TokenKeys, text: string, now: number): Promise<TokenVerdict> {
  if (text.length > MAX_LENGTH) return refuse('the token is longer than 8 KiB');
  const keyId = keyIdOf(text);
  if (keyId === undefined) return refuse('the token is no JWT with a key id');
  const key = keys.keys.get(keyId);
  if (!key) return refuse('the token is signed with a key that this mesh does not know, or of another mesh');
  const rules: JWTVerifyOptions = {
    algorithms: [ALGORITHM],
    typ: TYPE,
    audience: AUDIENCE,
    issuer: issuer(keys.mesh),
    requiredClaims: ['exp', 'sub', 'jti'],
    clockTolerance: CLOCK_SKEW_S,
    currentDate: new Date(now),
  };
  try {
    const { payload } = await jwtVerify(text, key, rules);
    const claims = claimsSchema.safeParse(payload);
    return claims.success
      ? { ok: true, claims: claims.data }
      : refuse('the token holds malformed or unknown claims');
  } catch (error) {
    return refuse(`the token ${whyOf(error)}`);
  }
}

/** What a token says of itself, whoever made it: good for looking something up, never for letting anybody in. */
export function unverifiedClaims(text: string): TokenClaims | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  try {
    return claimsSchema.safeParse(decodeJwt(text)).data;
  } catch {
    return undefined; // no JWT at all
  }
}

const issuer = (mesh: string) => `portcullis/${mesh}`;

function refuse(why: string): TokenVerdict {
  return { ok: false, why };
}

function keyIdOf(text: string): string | undefined {
  try {
    return decodeProtectedHeader(text).kid;
  } catch {
    return undefined; // what is wrong with it is of no use to anybody
  }
}

const WHY_BY_CODE: Readonly<Record<string, string>> = {
  [errors.JWTExpired.code]: 'has expired',
  [errors.JWSSignatureVerificationFailed.code]: 'is forged: its signature does not fit',
  [errors.JOSEAlgNotAllowed.code]: 'is not signed with EdDSA',
  [errors.JWSInvalid.code]: 'is no JWT',
  [errors.JWTInvalid.code]: 'is no JWT',
};

const WHY_BY_CLAIM: Readonly<Record<string, string>> = {
  aud: 'is for another audience',
  iss: 'is of another mesh',
  nbf: 'is not valid yet',
  typ: 'is no join token',
};

/** Our words for a refusal of jose; its own are not passed on, so that no part of a token can be in them. */
function whyOf(error: unknown): string {
  if (error instanceof errors.JWTClaimValidationFailed) {
    return WHY_BY_CLAIM[error.claim] ?? 'lacks a claim or holds a malformed one';
  }
  return (error instanceof errors.JOSEError && WHY_BY_CODE[error.code]) || 'cannot be verified';
}

function requireSense({ service, instance = '1', cidr, ttlMs }: TokenOptions): void {
  const refuseInput = (why: string) => new ControlPlaneError('ERR_TOKEN', `cannot issue a token: ${why}`);
  if (!parseNodeId(`${service}/1`)) throw refuseInput(`"${service}" is no name of a service or gateway`);
  if (!parseNodeId(`${service}/${instance}`)) throw refuseInput(`"${instance}" is no name of an instance`);
  if (cidr !== undefined && !parseAddressRange(cidr)) throw refuseInput(`"${cidr}" is no address range`);
  if (!(ttlMs > 0)) throw refuseInput('it would be over at once');
}
