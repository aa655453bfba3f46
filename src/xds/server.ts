/**
 * An xDS server: hands each node the resources that a cache holds for it, over gRPC, as the xDS protocol says, and
 * reports what the nodes made of them. It knows types, names, versions and bytes. It must not know what the bytes
 * mean, what a mesh is, or who may see what: the cache's owner decides that.
 */
import { randomBytes } from 'node:crypto';
import {
  Server,
  type ServerCredentials,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Clock } from '../lib/clock.ts';
import { ControlPlaneError, messageOf } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import { serviceDefinition } from '../proto/descriptors.ts';
import { createBodyCache } from './body-cache.ts';
import type { ResourceCache } from './cache.ts';
import { deltaHandler } from './delta-handler.ts';
import type { Authenticator, StreamInfo, XdsEvents } from './events.ts';
import { guarded } from './guarded-events.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { createRefusalReporter } from './refusal-reporter.ts';
import { DISCOVERY_SERVICES } from './services.ts';
import type { OpenStream, StreamContext } from './stream-context.ts';

/** A gRPC service of the embedding code, on the same port. It authenticates its callers itself. */
export interface GrpcService {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

export interface XdsServerOptions {
  readonly cache: ResourceCache;
  /** Without one, whoever connects is who it says it is: for loopback and tests. */
  readonly authenticate?: Authenticator;
  readonly events?: XdsEvents;
  readonly logger: Logger;
  readonly clock: Clock;
  /** `control_plane.identifier` of every response; "portcullis" by default. */
  readonly controlPlaneId?: string;
  readonly limits?: Partial<Limits>;
  readonly services?: readonly GrpcService[];
}

export interface XdsServer {
  /**
   * Port 0 takes a free one. May be called for several addresses.
   * @throws ControlPlaneError `ERR_LISTEN`, naming the address
   */
  listen(address: {
    readonly host: string;
    readonly port: number;
    readonly credentials: ServerCredentials;
  }): Promise<{ readonly port: number }>;
  /** Ends the streams that the predicate picks, and returns how many. The reason is logged, the peer does not get it. */
  endStreams(predicate: (stream: StreamInfo) => boolean, reason: string): number;
  /** Admitted streams that are open. */
  streams(): readonly StreamInfo[];
  /** Ends all streams and stops listening; cuts connections that have not gone within `graceMs`. */
  close(graceMs: number): Promise<void>;
}

export function createXdsServer(options: XdsServerOptions): XdsServer {
  const { cache, logger, clock } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const events = guarded(options.events ?? {}, logger);
  const open = new Set<OpenStream>();
  const epoch = randomBytes(6).toString('base64url');
  let lastId = 0;

  const context: StreamContext = {
    cache,
    authenticate: options.authenticate,
    events,
    logger,
    reportRefusal: createRefusalReporter(logger, clock),
    clock,
    limits,
    bodyOf: createBodyCache(options.controlPlaneId ?? 'portcullis'),
    identify(admission, peerAddress) {
      lastId += 1;
      const info = { id: lastId, ...admission, peerAddress, connectedAt: clock.now() };
      return { info, noncePrefix: `${epoch}.${lastId}.` };
    },
    opened(stream) {
      open.add(stream);
      const { id, nodeId, peerAddress } = stream.info;
      logger.info({ node: nodeId, stream: id, peer: peerAddress }, 'connected');
      events.connected?.(stream.info);
    },
    closed(stream, why) {
      open.delete(stream);
      logger.info({ node: stream.info.nodeId, stream: stream.info.id, why }, 'disconnected');
      events.disconnected?.(stream.info, why);
    },
  };

  const server = new Server({
    'grpc.max_receive_message_length': limits.maxRequestBytes,
    'grpc.max_concurrent_streams': limits.maxStreamsPerConnection,
    'grpc.max_connection_idle_ms': limits.maxConnectionIdleMs,
    'grpc.keepalive_time_ms': limits.keepaliveTimeMs,
    'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
  });
  addServices(server, context);
  for (const { definition, implementation } of options.services ?? [])
    server.addService(definition, implementation);

  const endStreams = (predicate: (stream: StreamInfo) => boolean, code: status, reason: string) => {
    const ending = [...open].filter(({ info }) => predicate(info));
    for (const stream of ending) stream.end({ code, details: 'ended by the control plane' }, reason);
    return ending.length;
  };

  return {
    listen: (address) => listen(server, address),
    endStreams: (predicate, reason) => endStreams(predicate, status.ABORTED, reason),
    streams: () => [...open].map(({ info }) => info),
    close(graceMs) {
      endStreams(() => true, status.UNAVAILABLE, 'the control plane is shutting down');
      return shutDown(server, clock, graceMs);
    },
  };
}

/** Responses are written as bytes, so nothing is left to serialize. */
function addServices(server: Server, context: StreamContext): void {
  for (const { service, delta, type } of DISCOVERY_SERVICES) {
    const method = serviceDefinition(service)[delta];
    if (!method) throw new ControlPlaneError('ERR_PROTO', `"${service}" has no method "${delta}"`);
    const responseSerialize = (response: Buffer) => response;
    server.addService(
      { [delta]: { ...method, responseSerialize } },
      { [delta]: deltaHandler(context, type) },
    );
  }
}

function listen(
  server: Server,
  { host, port, credentials }: Parameters<XdsServer['listen']>[0],
): Promise<{ port: number }> {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) => {
      if (!error) resolve({ port: bound });
      else
        reject(new ControlPlaneError('ERR_LISTEN', `cannot listen on ${address}: ${whyNot(error)}`, error));
    });
  });
}

/** grpc-js packs the reason of the one address into a sentence about all of them. */
function whyNot(error: Error): string {
  return error.message.includes('EADDRINUSE') ? 'another process listens there' : messageOf(error);
}

function shutDown(server: Server, clock: Clock, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const deadline = clock.schedule(graceMs, () => server.forceShutdown());
    server.tryShutdown(() => {
      deadline.cancel();
      resolve();
    });
  });
}
