/**
 * The HTTP API about a running server. Everything but `/health` needs the bearer token, even on loopback, and the
 * `Host` header must name this server, so that a web page in somebody's browser cannot reach it by DNS rebinding.
 * It asks through the interface in `backend.ts` and knows nothing of how the answers come about.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ControlPlaneError, messageOf } from '../lib/errors.ts';
import { createHandler, type HandlerOptions } from './handler.ts';
import { type AdminLimits, DEFAULT_LIMITS } from './limits.ts';

export interface AdminServerOptions extends Omit<HandlerOptions, 'limits'> {
  /** 0 for any free port. */
  readonly port: number;
  readonly limits?: Partial<AdminLimits>;
}

export interface AdminServer {
  readonly url: string;
  close(): Promise<void>;
}

const CONNECTIONS_CHECKED_EACH_MS = 500;

/** @throws ControlPlaneError `ERR_LISTEN` when the address cannot be had */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { host, logger } = options;
  const server = createServer({
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.headersTimeoutMs + limits.bodyTimeoutMs,
    connectionsCheckingInterval: CONNECTIONS_CHECKED_EACH_MS,
  });
  server.maxConnections = limits.maxConnections;
  const port = await listen(server, host, options.port);
  const handle = createHandler({ ...options, port, limits });
  server.on('request', (request, response) => void handle(request, response));
  logger.info({ host, port }, 'API listens');
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
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
