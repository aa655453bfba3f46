/** What can be asked of the API, as a table: from it come the checks of what is sent and the OpenAPI document. */
import type { z } from 'zod';
import { type Answer, done, refusal } from './answer.ts';
import type { Actor, AdminBackend, EventSource, Outcome } from './backend.ts';
import {
  canBody,
  canRequest,
  createdTokenBody,
  documentBody,
  eventsBody,
  eventsQuery,
  healthBody,
  jtiParams,
  revokedTokenBody,
  statusBody,
  tokenRequest,
  tokensBody,
} from './schemas.ts';

/** A request whose parts were checked already. */
export interface Checked<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly actor: Actor;
}

export interface Route<P = never, Q = never, B = never> {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With `{name}` for a segment that `params` has. */
  readonly path: string;
  readonly summary: string;
  /** Answered without a token. */
  readonly isPublic?: true;
  readonly params?: z.ZodType<P>;
  readonly query?: z.ZodType<Q>;
  readonly body?: z.ZodType<B>;
  /** By status: what the body is. Refusals are `Error` and go without saying. */
  readonly answers: Readonly<Record<number, z.ZodType>>;
  answer(backend: AdminBackend, request: Checked<P, Q, B>): Answer | Promise<Answer>;
  /** Where a client that accepts `text/event-stream` gets events as they happen instead, and after which seq. */
  stream?(backend: AdminBackend, request: Checked<P, Q, B>): { source: EventSource; after: number };
}

export type AnyRoute = Route<unknown, unknown, unknown>;

/** Keeps the types of a row's parts together; the table need not know them. */
const route = <P, Q, B>(row: Route<P, Q, B>) => row as unknown as AnyRoute;

/** What the backend answered, or its refusal as this status. */
function orRefuse<T extends object>(outcome: Outcome<T>, status: number, okStatus = 200): Answer {
  return outcome.ok ? done(outcome.value, okStatus) : refusal(status, outcome.error, outcome.hint);
}

const seqOf = (query: { readonly after?: string | undefined }) => Number(query.after ?? 0);

export const ROUTES: readonly AnyRoute[] = [
  route({
    method: 'GET',
    path: '/health',
    summary: 'Whether it serves; 503 if not',
    isPublic: true,
    answers: { 200: healthBody, 503: healthBody },
    answer: (backend) => done({ ready: backend.ready() }, backend.ready() ? 200 : 503),
  }),
  route({
    method: 'GET',
    path: '/status',
    summary: 'The document in force, each proxy with what it holds, endpoints, and what went wrong',
    answers: { 200: statusBody },
    answer: (backend) => done(backend.status()),
  }),
  route({
    method: 'GET',
    path: '/document',
    summary: 'The document in force, file by file, and what is wrong with the one on disk',
    answers: { 200: documentBody },
    answer: (backend) => done(backend.document()),
  }),
  route({
    method: 'POST',
    path: '/can',
    summary: 'Whether a call is allowed by the document in force, and why',
    body: canRequest,
    answers: { 200: canBody },
    answer: (backend, { body }) => orRefuse(backend.can(body), 422),
  }),
  route({
    method: 'GET',
    path: '/tokens',
    summary: 'The join tokens, without the tokens themselves',
    answers: { 200: tokensBody },
    answer: async (backend) => done({ tokens: await backend.tokens.list() }),
  }),
  route({
    method: 'POST',
    path: '/tokens',
    summary: 'Makes a join token and answers with it, this once',
    body: tokenRequest,
    answers: { 201: createdTokenBody },
    answer: async (backend, { body, actor }) => orRefuse(await backend.tokens.create(body, actor), 422, 201),
  }),
  route({
    method: 'DELETE',
    path: '/tokens/{jti}',
    summary: 'Revokes a join token and those renewed from it: streams end, endpoints go, at once',
    params: jtiParams,
    answers: { 200: revokedTokenBody },
    answer: async (backend, { params, actor }) =>
      orRefuse(await backend.tokens.revoke(params.jti, actor), 404),
  }),
  route({
    method: 'GET',
    path: '/events',
    summary: 'What happened lately; as text/event-stream, also what happens from now on',
    query: eventsQuery,
    answers: { 200: eventsBody },
    answer: ({ events }, { query }) => done({ events: events.after(seqOf(query)), newest: events.newest }),
    stream: ({ events }, { query }) => ({ source: events, after: seqOf(query) }),
  }),
];

/** The rows of a path, by method, and what its `{name}`s stand for; undefined if no row has it. */
export interface Match {
  readonly rows: readonly AnyRoute[];
  readonly params: Readonly<Record<string, string>>;
}

const PATTERNS = [...new Set(ROUTES.map(({ path }) => path))].map((path) => ({
  rows: ROUTES.filter((row) => row.path === path),
  pattern: new RegExp(`^${path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
}));

/** Paths are compared as they were sent: nothing is decoded, joined or resolved, so nothing can mean two things. */
export function matchPath(path: string): Match | undefined {
  for (const { rows, pattern } of PATTERNS) {
    const match = pattern.exec(path);
    if (match) return { rows, params: { ...match.groups } };
  }
  return undefined;
}
