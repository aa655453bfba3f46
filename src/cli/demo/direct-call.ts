/** A call that goes round the caller's sidecar, straight at an inbound listener: what an attacker on the network does. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface DirectCall {
  /** `127.0.0.1:PORT` of the inbound listener. */
  readonly inbound: string;
  /** `plaintext`, or TLS with a client certificate or none. */
  readonly identity:
    | 'plaintext'
    | 'none'
    | { readonly certificatePem: string; readonly privateKeyPem: string };
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type DirectResult =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  /** The connection was refused, reset, or closed without an answer. */
  | { readonly kind: 'refused'; readonly why: string };

const TIMEOUT_MS = 5_000;

/** OpenSSL's error lines name source files; what people want is the alert in them. */
function reasonOf({ message }: Error): string {
  const alert = /alert ([a-z ]+)/.exec(message)?.[1];
  return alert === undefined ? message : `TLS alert "${alert}"`;
}

/** Never throws: a refusal is a result. */
export function callDirectly({
  inbound,
  identity,
  method,
  path,
  headers,
}: DirectCall): Promise<DirectResult> {
  const [host = '127.0.0.1', port = '0'] = inbound.split(':');
  const target = {
    host,
    port: Number(port),
    method,
    path,
    headers: headers ?? {},
    agent: false,
    timeout: TIMEOUT_MS,
  };
  const secrets =
    typeof identity === 'object' ? { cert: identity.certificatePem, key: identity.privateKeyPem } : {};
  return new Promise((resolve) => {
    const outgoing =
      identity === 'plaintext'
        ? httpRequest(target)
        : // an attacker does not care whom it reaches, and an address is no server name
          httpsRequest({ ...target, ...secrets, rejectUnauthorized: false, servername: '' });
    outgoing.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ kind: 'answered', status: response.statusCode ?? 0, body }));
      response.on('error', (error) => resolve({ kind: 'refused', why: reasonOf(error) }));
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')));
    outgoing.on('error', (error) => resolve({ kind: 'refused', why: reasonOf(error) }));
    outgoing.end();
  });
}
