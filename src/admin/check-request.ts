import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import type { Clock } from '../lib/clock.ts';
import { type Answer, refusal } from './answer.ts';
import { type BodyLimits, readJson } from './request-body.ts';
import type { AnyRoute, Checked } from './routes.ts';

/** What of a request has been taken apart. */
export interface RequestParts {
  readonly request: IncomingMessage;
  readonly params: Readonly<Record<string, string>>;
  /** Without its `?`. */
  readonly query: string;
}

export type Check =
  | { readonly ok: true; readonly value: Checked<unknown, unknown, unknown> }
  | { readonly ok: false; readonly answer: Answer };

const MAX_COMPLAINT = 500;

/** Holds path, query and body against what the row of the table says. */
export async function checkRequest(
  row: AnyRoute,
  { request, params, query }: RequestParts,
  limits: BodyLimits,
  clock: Clock,
): Promise<Check> {
  const inPath = row.params?.safeParse(params);
  if (inPath?.success === false) return { ok: false, answer: refusal(404, 'there is no such path') };
  const inQuery = row.query?.safeParse(Object.fromEntries(new URLSearchParams(query)));
  if (inQuery?.success === false) return { ok: false, answer: invalid('query', inQuery.error) };
  const actor = `api:${request.socket.remoteAddress ?? 'nobody'}`;
  const value = { params: inPath?.data, query: inQuery?.data, body: undefined, actor };
  if (!row.body) return { ok: true, value };
  const read = await readJson(request, limits, clock);
  if (!read.ok) return read;
  const body = row.body.safeParse(read.json);
  if (!body.success) return { ok: false, answer: invalid('body', body.error) };
  return { ok: true, value: { ...value, body: body.data } };
}

/** What is wrong, by the names of members; their values are not repeated. */
function invalid(part: string, { issues }: z.ZodError): Answer {
  const complaints = issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '));
  return refusal(400, `the ${part} is wrong: ${complaints.join('; ')}`.slice(0, MAX_COMPLAINT));
}
