/** A sidecar that acknowledges everything and serves nobody: what it was sent is all that matters. */
import { ChannelCredentials, Metadata } from '@grpc/grpc-js';
import type { Proxy } from '../../src/compile/proxy.ts';
import { metadataOf } from '../../src/compile/proxy-metadata.ts';
import {
  gatewayRoute,
  inboundRoute,
  OUTBOUND_ROUTE,
  SVID_SECRET,
  TRUST_BUNDLE_SECRET,
} from '../../src/proto/names.ts';
import { CLUSTER, LISTENER, ROUTE, SECRET } from '../../src/proto/resource-types.ts';
import { structOf } from '../../src/proto/well-known-types.ts';
import { connectDelta } from './delta-client.ts';
import { until } from './until.ts';

const ANSWER_WITHIN_MS = 5_000;

export interface SimulatedProxyOptions {
  /** `127.0.0.1:PORT`. */
  readonly xds: string;
  readonly xdsCaPem: string;
  readonly token: string;
  readonly kind: Proxy['kind'];
  /** The service or gateway. */
  readonly service: string;
  readonly port: number;
}

export interface SimulatedProxy {
  /** Every `name@version` that was ever sent, in order. */
  readonly received: readonly string[];
  /** Waits for what is under way, and tells what the proxy holds: name to version. */
  held(): Promise<Readonly<Record<string, string>>>;
  close(): void;
}

/** Connects and waits until it holds its configuration. */
export async function joinAs(options: SimulatedProxyOptions): Promise<SimulatedProxy> {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${options.token}`);
  const client = connectDelta(Number(options.xds.split(':')[1]), {
    metadata,
    credentials: ChannelCredentials.createSsl(Buffer.from(options.xdsCaPem)),
  });
  const received: string[] = [];
  const holds = new Map<string, string>();
  const missing = new Set<string>();
  let barriers = 0;

  async function takeArrived(): Promise<void> {
    while (client.pending().length > 0) {
      const response = await client.next();
      for (const [name, version] of response.resources) {
        received.push(`${name}@${version}`);
        holds.set(name, version);
      }
      for (const name of response.removed) {
        missing.add(name);
        holds.delete(name);
      }
      client.ack(response);
    }
  }

  const routes =
    options.kind === 'gateway'
      ? [gatewayRoute(options.port)]
      : [OUTBOUND_ROUTE, inboundRoute(String(options.port))];
  const node = { id: `${options.service}/1`, metadata: structOf(metadataOf(proxyOf(options))) };
  client.hello('', SECRET.typeUrl, [SVID_SECRET, TRUST_BUNDLE_SECRET], { node });
  client.subscribe(CLUSTER.typeUrl, ['*']);
  client.subscribe(LISTENER.typeUrl, ['*']);
  client.subscribe(ROUTE.typeUrl, routes);
  await until(ANSWER_WITHIN_MS, 'the proxy got no routes', async () => {
    await takeArrived();
    return routes.every((name) => holds.has(name));
  });
  return {
    received,
    async held() {
      // what was sent before the answer to a new question arrives before it
      barriers += 1;
      const question = `barrier-${barriers}`;
      client.subscribe(ROUTE.typeUrl, [question]);
      await until(ANSWER_WITHIN_MS, 'the control plane gave no answer', async () => {
        await takeArrived();
        return missing.has(question);
      });
      return Object.fromEntries([...holds].sort());
    },
    close: () => client.close(),
  };
}

function proxyOf({ kind, service }: SimulatedProxyOptions): Proxy {
  const own = (port: number) => (kind === 'gateway' ? undefined : { address: '127.0.0.1', port });
  return {
    kind,
    service,
    instance: '1',
    inbound: own(15006),
    outbound: own(15001),
    bindAddress: '127.0.0.1',
    portMap: new Map(),
  };
}
