import type { IncomingMessage } from 'node:http';
import type { Clock } from '../lib/clock.ts';
import { type Answer, refusal } from './answer.ts';
import type { AdminLimits } from './limits.ts';

export type BodyLimits = Pick<AdminLimits, 'maxBodyBytes' | 'bodyTimeoutMs'>;

export type ReadBody =
  | { readonly ok: true; readonly json: unknown }
  | { readonly ok: false; readonly answer: Answer };

const refuse = (status: number, error: string, hint?: string): ReadBody => ({
  ok: false,
  answer: refusal(status, error, hint),
});

/** Reads a body of JSON. Nothing of what was sent is in a refusal. */
export async function readJson(
  request: IncomingMessage,
  limits: BodyLimits,
  clock: Clock,
): Promise<ReadBody> {
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
    return refuse(415, 'the body is not declared as JSON', 'send "content-type: application/json"');
  }
  if (request.headers['content-encoding'] !== undefined) return refuse(415, 'the body is compressed');
  const { maxBodyBytes } = limits;
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) return tooLong(maxBodyBytes);
  const bytes = await readBytes(request, limits, clock);
  if (bytes === 'too long') return tooLong(maxBodyBytes);
  if (bytes === 'too slow') return refuse(408, 'the body did not come in time');
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { ok: true, json: JSON.parse(text, withoutPrototypes) };
  } catch {
    return refuse(400, 'the body is no JSON'); // the parser's own words would quote it
  }
}

/** No honest client has a member of this name; whoever copies objects later must not meet one. */
function withoutPrototypes(key: string, value: unknown): unknown {
  if (key === '__proto__') throw new SyntaxError('a prototype in JSON');
  return value;
}

const tooLong = (max: number) => refuse(413, `the body is longer than ${max} bytes`);

/** Stops reading where a limit is passed; who gave up in between gets no answer anyway. */
function readBytes(
  request: IncomingMessage,
  { maxBodyBytes, bodyTimeoutMs }: BodyLimits,
  clock: Clock,
): Promise<Buffer | 'too long' | 'too slow'> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const finish = (outcome: Buffer | 'too long' | 'too slow') => {
      timer.cancel();
      request.pause();
      resolve(outcome);
    };
    const timer = clock.schedule(bodyTimeoutMs, () => finish('too slow'));
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBodyBytes) finish('too long');
      else chunks.push(chunk);
    });
    request.on('end', () => finish(Buffer.concat(chunks)));
    request.on('close', () => finish('too slow'));
  });
}
