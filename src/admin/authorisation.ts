import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type Answer, refusal } from './answer.ts';

export interface Identity {
  readonly host: string;
  readonly port: number;
  readonly token: string;
}

const digest = (text: string) => createHash('sha256').update(text).digest();

/**
 * Why a request is none of ours, whatever it asks: by its `Host` another server is meant, as when a web page in
 * somebody's browser reaches this one by DNS rebinding.
 */
export function strayRequest(
  { headersDistinct }: IncomingMessage,
  { host, port }: Identity,
): Answer | undefined {
  const names = [host, 'localhost', '127.0.0.1', '[::1]'];
  const [asked, second] = headersDistinct.host ?? [];
  if (second === undefined && names.some((name) => asked === `${name}:${port}`)) return undefined;
  return refusal(421, 'the Host header does not name this server', `ask for http://127.0.0.1:${port}`);
}

/** Only the header counts; a token in a URL would end in histories and logs. Compared in constant time. */
export function unauthorised({ headers }: IncomingMessage, { token }: Identity): Answer | undefined {
  if (timingSafeEqual(digest(headers.authorization ?? ''), digest(`Bearer ${token}`))) return undefined;
  return refusal(
    401,
    'the token of this server is missing or wrong',
    'send "authorization: Bearer …" with the adminToken of server.json in the state folder',
    { 'www-authenticate': 'Bearer' },
  );
}
