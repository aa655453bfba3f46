/**
 * What goes over the API, both ways: the one description from which requests are checked, answers are typed and the
 * OpenAPI document is made. What comes in is strict; answers may gain members.
 */
import { z } from 'zod';

const at = z.int().describe('milliseconds since the Unix epoch');
const text = (max: number) => z.string().min(1).max(max);
const byName = <T extends z.ZodType>(value: T) => z.record(z.string(), value);

export const errorBody = z.object({
  error: z.string(),
  hint: z.string().optional().describe('what to do about it'),
});

export const healthBody = z.object({
  ready: z.boolean().describe('a document is in force and the xDS port listens'),
});

const typeStatus = z.object({
  state: z.enum(['synced', 'stale', 'rejected']),
  sent: byName(z.string()).describe('resource name to version'),
  acked: byName(z.string()),
  lastNack: z.object({ at, message: z.string(), versions: byName(z.string()) }).optional(),
});

const documentProblem = z.object({ since: at, violations: z.array(z.string()) });
const documentName = {
  mesh: z.string(),
  revision: z.int(),
  digest: z.string(),
  since: at,
};

const refusal = z.object({
  at: at.describe('the last time; milliseconds since the Unix epoch'),
  nodeId: z.string(),
  peerAddress: z.string(),
  why: z.string(),
  count: z.int().describe('how often'),
});

export const statusBody = z.object({
  document: z.object({
    path: z.string(),
    inForce: z.object(documentName).optional(),
    problem: documentProblem.optional(),
  }),
  proxies: z.array(
    z.object({
      node: z.string(),
      connected: z.boolean(),
      since: at,
      peerAddress: z.string(),
      types: byName(typeStatus.optional()),
      svid: z.object({ serial: z.string(), notAfter: at }).optional(),
    }),
  ),
  endpoints: byName(z.array(z.string())).describe('address:port by service'),
  instances: z.array(
    z.object({
      node: z.string(),
      service: z.string(),
      address: z.string(),
      port: z.int(),
      state: z.string(),
      problem: z.string().optional(),
    }),
  ),
  isFrozen: z.boolean(),
  refusals: z.array(refusal),
  gatewayCertificates: byName(z.string()).describe(
    'why a gateway certificate cannot be used, by secret name',
  ),
});

const tokenMembers = {
  jti: z.string().describe('names the token; no secret'),
  service: z.string(),
  instance: z.string().optional(),
  cidr: z.string().optional(),
  label: z.string().optional(),
  predecessor: z.string().optional().describe('the jti of the token that it was renewed from'),
  issuedAt: at,
  expiresAt: at,
};

const tokenBody = z.object({
  ...tokenMembers,
  state: z
    .enum(['good', 'expiring', 'expired', 'revoked'])
    .describe('expiring: more than 70 % of its life is over'),
  binding: z
    .object({ node: z.string(), address: z.string() })
    .optional()
    .describe('the node that came with it first, and where that was let in from last'),
});

export const tokensBody = z.object({ tokens: z.array(tokenBody) });

export const tokenRequest = z.strictObject({
  service: text(64).describe('a service or gateway of the document in force'),
  instance: text(64).optional().describe('good for this instance only'),
  cidr: text(64).optional().describe('good for peers of this address range only'),
  label: text(200).optional().describe('a note for people'),
  ttl: z
    .string()
    .regex(/^[1-9]\d{0,8}(ms|s|m|h|d)$/, 'write e.g. 24h, 30m or 90s')
    .optional()
    .describe('how long it is good for, e.g. 24h; 30d if left out'),
});

export const createdTokenBody = z.object({
  ...tokenMembers,
  token: z.string().describe('the token itself: nowhere else, and never again'),
});

export const jtiParams = z.object({ jti: z.string().regex(/^[\w-]{1,64}$/) });

export const revokedTokenBody = z.object({
  revoked: z.array(z.string()).describe('jti of the token and of the tokens renewed from it'),
  nodes: z.array(z.string()).describe('the nodes whose streams ended and whose endpoints are gone'),
});

const headerName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9!#$%&'*+.^_`|~-]{0,127}$/, 'no name of a header');

export const canRequest = z.strictObject({
  from: text(2_048).describe('a service, a gateway or a SPIFFE ID'),
  to: text(64).describe('the callee: a service'),
  port: text(64).optional().describe('of the callee, by name or number; its first HTTP port if left out'),
  method: text(64).optional().describe('needed unless the port takes TCP'),
  path: text(8_192).optional().describe('needed unless the port takes TCP'),
  headers: z.record(headerName, z.string().max(8_192)).optional(),
  address: text(64).optional().describe('of the caller, where policies ask for it'),
  fix: z.boolean().optional().describe('also propose YAML that allows a denied call'),
});

const position = z.object({ file: z.string(), line: z.int(), column: z.int() });

export const canBody = z.object({
  verdict: z.enum(['allow', 'deny', 'refused']).describe('refused: answered 400 before any policy is asked'),
  policy: z.string().describe('the name of the policy that decides, or "default"'),
  position: position.optional(),
  why: z.string().optional(),
  path: z.string().optional().describe('the path that policies see'),
  audits: z.array(z.string()),
  nearest: z
    .object({
      policy: z.string(),
      position,
      differences: z.array(z.object({ key: z.string(), asked: z.string(), accepted: z.string() })),
    })
    .optional(),
  fix: z.string().optional(),
});

export const documentBody = z.object({
  path: z.string(),
  inForce: z
    .object({ ...documentName, files: z.array(z.object({ file: z.string(), text: z.string() })) })
    .optional(),
  problem: documentProblem.optional().describe('why the document on disk is not in force'),
});

export const eventsQuery = z.strictObject({
  after: z
    .string()
    .regex(/^\d{1,15}$/, 'a number')
    .optional()
    .describe('the seq of the last event that is known already'),
});

const eventBody = z
  .looseObject({
    seq: z.int().describe('counts from 1 at each start of the server'),
    at,
    kind: z.string(),
  })
  .describe('what happened; the other members depend on the kind');

export const eventsBody = z.object({
  events: z.array(eventBody).describe('oldest first; the newest 1,000 are kept'),
  newest: z.int().describe('the seq of the newest event, 0 if there is none'),
});

/** Nobody changes what was asked or answered. */
type Sent<T> = T extends readonly (infer E)[]
  ? readonly Sent<E>[]
  : T extends object
    ? { readonly [K in keyof T]: Sent<T[K]> }
    : T;

export type ErrorBody = Sent<z.infer<typeof errorBody>>;
export type StatusBody = Sent<z.infer<typeof statusBody>>;
export type TokenBody = Sent<z.infer<typeof tokenBody>>;
export type TokenRequest = Sent<z.infer<typeof tokenRequest>>;
export type CreatedTokenBody = Sent<z.infer<typeof createdTokenBody>>;
export type RevokedTokenBody = Sent<z.infer<typeof revokedTokenBody>>;
export type CanRequest = Sent<z.infer<typeof canRequest>>;
export type CanBody = Sent<z.infer<typeof canBody>>;
export type DocumentBody = Sent<z.infer<typeof documentBody>>;
export type EventBody = Sent<z.infer<typeof eventBody>>;

/** The names of the shapes in the OpenAPI document. */
export const SHAPES = {
  Error: errorBody,
  Health: healthBody,
  Status: statusBody,
  Token: tokenBody,
  Tokens: tokensBody,
  TokenRequest: tokenRequest,
  CreatedToken: createdTokenBody,
  RevokedToken: revokedTokenBody,
  CanRequest: canRequest,
  CanAnswer: canBody,
  Document: documentBody,
  Event: eventBody,
  Events: eventsBody,
} as const;
