import { ServerCredentials } from '@grpc/grpc-js';
import { systemClock } from '../../src/lib/clock.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { type ResourceType, resourceTypeOf } from '../../src/proto/resource-types.ts';
import { ResourceCache } from '../../src/xds/cache.ts';

import { createResource, type Resource, resourceSetOf } from '../../src/xds/resource.ts';
import { createXdsServer, type XdsServer, type XdsServerOptions } from '../../src/xds/server.ts';
import { connectDelta, type DeltaClient, type DeltaClientOptions } from './delta-client.ts';
import { within } from './within.ts';

/** A server on a free port of loopback, its cache, the record of its events, and clients to close with it. */
export interface XdsUnderTest {
  readonly cache: ResourceCache;
  readonly server: XdsServer;
  readonly port: number;
  /** What happened, in words: `connected n`, `subscribed CDS a b=1` (it holds b), `sent CDS +2 -0`, `acked CDS`, `nacked CDS: no such thing`, `disconnected n: …`. */
  readonly log: readonly string[];
  /** Resolves once the log has an entry that holds the text; at once if it has one already. */
  logged(text: string): Promise<string>;
  /** Replaces one type of a node's state: name to version. The others are known from then on. */
  put(nodeId: string, type: ResourceType, versions: Readonly<Record<string, string>>): void;
  connect(options?: DeltaClientOptions): DeltaClient;
  close(): Promise<void>;
}

/** A resource whose content is of no interest. */
export function blank(type: ResourceType, name: string, version: string): Resource {
  return createResource(type.typeUrl, name, Buffer.alloc(0), version);
}

export type XdsUnderTestOptions = Partial<XdsServerOptions> & {
  readonly credentials?: ServerCredentials;
};

export async function startXds({
  credentials = ServerCredentials.createInsecure(),
  ...options
}: XdsUnderTestOptions = {}): Promise<XdsUnderTest> {
  const log: string[] = [];
  const waiting: { readonly text: string; readonly resolve: (entry: string) => void }[] = [];
  const record = (entry: string) => {
    log.push(entry);
    for (const { text, resolve } of waiting) if (entry.includes(text)) resolve(entry);
  };
  const api = (typeUrl: string) => resourceTypeOf(typeUrl)?.api ?? typeUrl;
  const { events } = options;
  const cache = options.cache ?? new ResourceCache();
  const server = createXdsServer({
    logger: silentLogger,
    clock: systemClock,
    ...options,
    cache,
    events: {
      connected: (stream) => {
        record(`connected ${stream.nodeId}`);
        events?.connected?.(stream);
      },
      subscribed: (stream, event) => {
        const held = [...event.held].map(([name, version]) => `${name}=${version}`);
        record(['subscribed', api(event.typeUrl), ...event.names, ...held].join(' '));
        events?.subscribed?.(stream, event);
      },
      sent: (stream, event) => {
        record(`sent ${api(event.typeUrl)} +${event.versions.size} -${event.removed.length}`);
        events?.sent?.(stream, event);
      },
      acked: (stream, event) => {
        record(`acked ${api(event.typeUrl)}`);
        events?.acked?.(stream, event);
      },
      nacked: (stream, event) => {
        record(`nacked ${api(event.typeUrl)}: ${event.message}`);
        events?.nacked?.(stream, event);
      },
      refused: (event) => {
        record(`refused ${event.nodeId}: ${event.why}`);
        events?.refused?.(event);
      },
      disconnected: (stream, why) => {
        record(`disconnected ${stream.nodeId}: ${why}`);
        events?.disconnected?.(stream, why);
      },
    },
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0, credentials });
  const clients: DeltaClient[] = [];
  return {
    cache,
    server,
    port,
    log,
    logged(text) {
      const entry = log.find((one) => one.includes(text));
      if (entry) return Promise.resolve(entry);
      const arrival = new Promise<string>((resolve) => waiting.push({ text, resolve }));
      return within(5_000, `nothing like "${text}" happened`, arrival);
    },
    put(nodeId, type, versions) {
      const others = cache.get(nodeId) ?? resourceSetOf([]);
      const changed = Object.entries(versions).map(([name, version]) => blank(type, name, version));
      cache.set(nodeId, new Map([...others, ...resourceSetOf(changed, [type])]));
    },
    connect(clientOptions) {
      const client = connectDelta(port, clientOptions);
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.close();
      await server.close(1_000);
    },
  };
}
