/**
 * The HTTP API about a running server. Everything but `/health` needs the bearer token, even on loopback, and the
 * `Host` header must name this server, so that a web page in somebody's browser cannot reach it by DNS rebinding.
 * It reads through the interface declared here and knows nothing of how the answers come about.
 */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ControlPlaneError, messageOf } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';

/** What the API shows. Values are sent as JSON as they are. */
export interface AdminView {
  /** Whether a document is in force and the xDS port listens. */
  ready(): boolean;
  status(): unknown;
}

export interface AdminServerOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly token: string;
  readonly view: AdminView;
  readonly logger: Logger;
}

export interface AdminServer {
  readonly url: string;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const ROUTES: Readonly<Record<string, (view: AdminView) => Answer>> = {
  '/health': (view) => ({ status: view.ready() ? 200 : 503, body: { ready: view.ready() } }),
  '/status': (view) => ({ status: 200, body: view.status() }),
};

const PUBLIC = new Set(['/health']);

function isAuthorised(request: IncomingMessage, token: string): boolean {
  const given = Buffer.from(request.headers.authorization ?? '');
  const expected = Buffer.from(`Bearer ${token}`);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function isOurHost(request: IncomingMessage, host: string, port: number): boolean {
  const names = new Set([host, 'localhost', '127.0.0.1', '[::1]']);
  return [...names].some((name) => request.headers.host === `${name}:${port}`);
}

function answer(request: IncomingMessage, options: AdminServerOptions, port: number): Answer {
  const refuse = (status: number, error: string): Answer => ({ status, body: { error } });
  if (!isOurHost(request, options.host, port))
    return refuse(421, 'the Host header does not name this server');
  const path = (request.url ?? '').split('?')[0] ?? '';
  if (!PUBLIC.has(path) && !isAuthorised(request, options.token)) {
    return refuse(401, 'send the token of this server as "authorization: Bearer …"');
  }
  const route = ROUTES[path];
  if (!route) return refuse(404, `there is no ${path}`);
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405, 'only GET is answered here');
  return route(options.view);
}

function respond(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
  });
  response.end(`${JSON.stringify(body)}\n`);
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'another process listens there' : messageOf(error);
      reject(new ControlPlaneError('ERR_LISTEN', `the API cannot listen on ${host}:${port}: ${why}`, error));
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

/** @throws ControlPlaneError `ERR_LISTEN` when the address cannot be had */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  let port = options.port;
  const server = createServer({ maxHeaderSize: 16_384 }, (request, response) => {
    request.resume();
    respond(response, answer(request, options, port));
  });
  server.requestTimeout = 10_000;
  server.maxConnections = 256;
  port = await listen(server, options.host, options.port);
  options.logger.info({ host: options.host, port }, 'API listens');
  return {
    url: `http://${options.host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
