/** A TCP connection through the mesh, and all that came back over it. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ClientIdentity } from '../../src/cli/demo/identities.ts';
import { within } from './within.ts';

export interface Tunnel {
  /** What the proxy answered to CONNECT; 200 where there is none. */
  readonly status: number;
  /** All that came back until now. */
  text(): string;
  write(text: string): void;
  /** Until this has come back. */
  received(text: string): Promise<void>;
  /** Until the other side has closed or reset it. */
  closed(withinMs?: number): Promise<void>;
  close(): void;
}

const SOON_MS = 5_000;

/** Opens a tunnel by CONNECT (RFC 9110, section 9.3.6) through a sidecar's explicit proxy. */
export async function tunnelThrough(proxy: string, authority: string): Promise<Tunnel> {
  const { hostname, port } = new URL(proxy);
  const socket = connect({ host: hostname, port: Number(port) });
  const tunnel = watch(socket);
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n\r\n`);
  await tunnel.received('\r\n\r\n');
  return { ...tunnel, status: Number(/^HTTP\/1\.1 (\d{3})/.exec(tunnel.text())?.[1]) };
}

/** Goes straight at an inbound listener with this certificate or none, under this server name or none. */
export async function tunnelTo(
  address: string,
  identity: ClientIdentity | undefined,
  servername?: string,
): Promise<Tunnel> {
  const [host = '', port = ''] = address.split(':');
  const secrets = identity && { cert: identity.certificatePem, key: identity.privateKeyPem };
  const socket = connectTls({
    host,
    port: Number(port),
    rejectUnauthorized: false,
    servername: servername ?? '',
    ...secrets,
  });
  return { ...watch(socket), status: 200 };
}

function watch(socket: Socket): Omit<Tunnel, 'status'> {
  let text = '';
  const ended = new Promise<void>((resolve) => {
    socket.on('close', () => resolve());
  });
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.on('error', () => {}); // a reset is an end as well
  return {
    text: () => text,
    write: (more) => void socket.write(more),
    received(expected) {
      const arrival = new Promise<void>((resolve, reject) => {
        const look = () => text.includes(expected) && resolve();
        look();
        socket.on('data', look);
        void ended.then(() => reject(new Error(`the connection ended after ${JSON.stringify(text)}`)));
      });
      return within(SOON_MS, `${JSON.stringify(expected)} did not come`, arrival);
    },
    closed: (withinMs = SOON_MS) => within(withinMs, 'the connection was not closed', ended),
    close: () => void socket.destroy(),
  };
}
