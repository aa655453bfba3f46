import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import { RateLimit } from '../lib/rate-limit.ts';
import { type Answer, done, refusal } from './answer.ts';
import { type Identity, strayRequest, unauthorised } from './authorisation.ts';
import type { AdminBackend } from './backend.ts';
import { checkRequest } from './check-request.ts';
import { EventStreams } from './event-streams.ts';
import type { AdminLimits } from './limits.ts';
import { openApiDocument } from './openapi.ts';
import { matchPath } from './routes.ts';

export interface HandlerOptions extends Identity {
  readonly backend: AdminBackend;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly limits: AdminLimits;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Lines about strangers: so many at once, then one every ten seconds. */
const STRANGERS_LOGGED = { burst: 20, refillMs: 10_000, maxKeys: 1 } as const;

const HEADERS = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
} as const;

/** Answers each request once; what fails on our side is logged and says nothing to the other. */
export function createHandler(options: HandlerOptions): Handler {
  const { logger, clock, limits } = options;
  const streams = new EventStreams(limits, clock);
  const logged = new RateLimit({ clock, ...STRANGERS_LOGGED });
  const answerTo = async (request: IncomingMessage, response: ServerResponse) => {
    const stranger = strangerAnswer(request, options);
    if (!stranger) return answerKnown(request, response, options, streams);
    const { status } = stranger;
    const peer = request.socket.remoteAddress;
    if (logged.take('')) logger.warn({ peer, status }, 'the API refused a request');
    return stranger;
  };
  return async (request, response) => {
    try {
      const answer = await answerTo(request, response);
      if (answer !== 'streaming') respond(request, response, answer);
    } catch (error) {
      logger.error({ reason: messageOf(error) }, 'the API failed to answer a request');
      respond(
        request,
        response,
        refusal(500, 'the request failed', 'the reason is in the log of the server'),
      );
    }
  };
}

const pathOf = ({ url = '' }: IncomingMessage) => url.split('?', 1)[0] as string;

/** Before anything else is looked at: is this request for us, and from somebody who may ask? */
function strangerAnswer(request: IncomingMessage, identity: Identity): Answer | undefined {
  const stray = strayRequest(request, identity);
  if (stray) return stray;
  const isPublic = matchPath(pathOf(request))?.rows.every((row) => row.isPublic) ?? false;
  return isPublic ? undefined : unauthorised(request, identity);
}

async function answerKnown(
  request: IncomingMessage,
  response: ServerResponse,
  { backend, limits, clock }: HandlerOptions,
  streams: EventStreams,
): Promise<Answer | 'streaming'> {
  const path = pathOf(request);
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  if (path === '/openapi.json' && method === 'GET') return done(openApiDocument());
  const match = matchPath(path);
  if (!match) return refusal(404, 'there is no such path', 'GET /openapi.json lists them');
  const row = match.rows.find((each) => each.method === method);
  if (!row) {
    const allow = match.rows.map((each) => each.method).join(', ');
    return refusal(405, `only ${allow} is answered here`, undefined, { allow });
  }
  const query = (request.url ?? '').slice(path.length + 1);
  const checked = await checkRequest(row, { request, params: match.params, query }, limits, clock);
  if (!checked.ok) return checked.answer;
  const stream = acceptsEvents(request) ? row.stream?.(backend, checked.value) : undefined;
  if (!stream) return row.answer(backend, checked.value);
  if (streams.isFull) return refusal(503, 'too many event streams are open');
  response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' });
  streams.serve(response, stream.source, resumedAfter(request) ?? stream.after);
  return 'streaming';
}

const acceptsEvents = ({ method, headers }: IncomingMessage) =>
  method === 'GET' && (headers.accept ?? '').includes('text/event-stream');

/** What a browser's EventSource says when it comes back. */
function resumedAfter({ headers }: IncomingMessage): number | undefined {
  const id = String(headers['last-event-id'] ?? '');
  return /^\d{1,15}$/.test(id) ? Number(id) : undefined;
}

/** A body that was not read to its end is not waited for: the connection goes with the answer. */
function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body, headers }: Answer,
): void {
  if (response.headersSent || response.destroyed) return;
  const text = `${JSON.stringify(body)}\n`;
  const length = { 'content-length': Buffer.byteLength(text) };
  const end = request.complete ? {} : { connection: 'close' };
  response.writeHead(status, { ...HEADERS, ...length, ...headers, ...end });
  response.end(text);
}
