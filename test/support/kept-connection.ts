/** Connections to a proxy that stay open while policy changes around them, each one socket for all of its requests. */
import { Agent as HttpAgent, request as httpRequest, type RequestOptions } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { ClientIdentity } from '../../src/cli/demo/identities.ts';

export interface Asked {
  readonly path: string;
  /** Also the host header. */
  readonly host: string;
}

/** One open connection. */
export interface KeptConnection {
  /** The status of one more GET over the same socket. Rejects if that is no longer possible. */
  get(asked: Asked): Promise<number>;
  close(): void;
}

const TIMEOUT_MS = 10_000;

/** HTTP/1.1 without encryption, as an app speaks to its own sidecar. */
export function keepPlain(address: string): KeptConnection {
  const agent = new HttpAgent({ keepAlive: true, maxSockets: 1 });
  return keep1(address, (options) => httpRequest({ ...options, agent }), agent);
}

/** HTTP/1.1 over mutual TLS, past the caller's sidecar. */
export function keepTls(address: string, { certificatePem, privateKeyPem }: ClientIdentity): KeptConnection {
  const agent = new HttpsAgent({
    keepAlive: true,
    maxSockets: 1,
    maxCachedSessions: 0,
    cert: certificatePem,
    key: privateKeyPem,
    rejectUnauthorized: false,
    servername: '',
  });
  return keep1(address, (options) => httpsRequest({ ...options, agent }), agent);
}

function keep1(
  address: string,
  start: (options: RequestOptions) => ReturnType<typeof httpRequest>,
  agent: HttpAgent,
): KeptConnection {
  const [hostname, port] = address.split(':');
  let localPort: number | undefined;
  return {
    get: ({ path, host }) =>
      new Promise((resolve, reject) => {
        const outgoing = start({ hostname, port, path, headers: { host }, timeout: TIMEOUT_MS });
        outgoing.on('response', (response) => {
          const used = response.socket.localPort;
          localPort ??= used;
          response.resume();
          response.on('error', reject);
          response.on('end', () => {
            if (used === localPort) resolve(response.statusCode ?? 0);
            else reject(new Error(`${address} closed the connection, this answer came over another`));
          });
        });
        outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer from ${address}`)));
        outgoing.on('error', reject);
        outgoing.end();
      }),
    close: () => agent.destroy(),
  };
}

/** An HTTP/2 session: over mutual TLS with an identity, else with prior knowledge. */
export function keepHttp2(address: string, identity?: ClientIdentity): KeptConnection {
  const session = identity
    ? connectHttp2(`https://${address}`, {
        cert: identity.certificatePem,
        key: identity.privateKeyPem,
        rejectUnauthorized: false,
        servername: '',
      })
    : connectHttp2(`http://${address}`);
  session.on('error', () => {}); // the requests tell
  return {
    get: ({ path, host }) =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ':path': path, ':authority': host });
        let status = 0;
        stream.setTimeout(TIMEOUT_MS, () => stream.destroy(new Error(`no answer from ${address}`)));
        stream.on('response', (headers) => {
          status = headers[':status'] ?? 0;
        });
        stream.on('error', reject);
        stream.on('close', () =>
          status > 0 ? resolve(status) : reject(new Error(`${address} did not answer`)),
        );
        stream.resume();
        stream.end();
      }),
    close: () => session.destroy(),
  };
}
