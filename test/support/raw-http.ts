/** Requests byte for byte, as no HTTP client would write them. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ClientIdentity } from '../../src/cli/demo/identities.ts';

/** What one of the shop's services says of a request that reached it. */
export interface Seen {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly caller?: string;
}

/** All that came back over a connection until the other side closed it. */
export interface Exchange {
  /** Of each response, in order. */
  readonly statuses: readonly number[];
  /** What apps saw, in order. */
  readonly seen: readonly Seen[];
}

const SILENCE_MS = 3_000;

/**
 * Sends the text, each character as one byte, and reads until the other side closes: so ask for it with
 * `connection: close`. Over mutual TLS with an identity, else without encryption.
 */
export function exchange(address: string, text: string, identity?: ClientIdentity): Promise<Exchange> {
  const [host = '', port = ''] = address.split(':');
  const socket: Socket = identity
    ? connectTls({
        host,
        port: Number(port),
        cert: identity.certificatePem,
        key: identity.privateKeyPem,
        rejectUnauthorized: false,
      })
    : connect({ host, port: Number(port) });
  let answer = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    answer += chunk;
  });
  socket.setTimeout(SILENCE_MS, () => socket.destroy());
  socket.on('error', () => {}); // a reset is an end as well
  socket.write(text, 'latin1');
  return new Promise((resolve) => {
    socket.on('close', () => resolve(parse(answer)));
  });
}

function parse(answer: string): Exchange {
  return {
    statuses: [...answer.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map(([, status]) => Number(status)),
    seen: [...answer.matchAll(/^\{"service".*\}$/gm)].map(([json]) => JSON.parse(json) as Seen),
  };
}
