import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { HEAD, meshOf } from '../../test/support/mesh-text.ts';
import type { Proxy } from '../compile/proxy.ts';
import { secretsOf } from '../identity/secrets.ts';
import type { Svid } from '../identity/svid.ts';
import { silentLogger } from '../lib/logger.ts';
import { normalise } from '../policy/normalise.ts';
import { upstreamCluster } from '../proto/names.ts';
import { CLUSTER, ENDPOINTS, LISTENER, SECRET } from '../proto/resource-types.ts';
import { ResourceCache } from '../xds/cache.ts';
import type { StreamInfo } from '../xds/events.ts';
import { resourceSetOf } from '../xds/resource.ts';
import { ControlPlane } from './control-plane.ts';
import type { DocumentState } from './document-in-force.ts';
import { Publisher } from './publisher.ts';

const SERVICES = 'services: { orders: { port: 8080 }, payments: { port: 8080 }, shipping: { port: 8080 } }\n';
const ALLOW = 'policies: [{ name: pay, allow: { from: orders, to: payments } }]\n';

function documentOf(text: string, revision = 1): DocumentState {
  const mesh = meshOf(`${HEAD}${text}`);
  return { mesh, rules: normalise(mesh), digest: String(revision), files: [], revision, since: 0 };
}

function svidOf(spiffeId: string, serial: string): Svid {
  const times = { issuedAt: 0, notBefore: 0, notAfter: 86_400_000 };
  return { spiffeId, serial, certificatePem: 'CERTIFICATE', privateKeyPem: 'KEY', ...times };
}

function proxyOf(service: string): Proxy {
  return {
    kind: 'service',
    service,
    instance: '1',
    inbound: { address: '0.0.0.0', port: 15006 },
    outbound: { address: '127.0.0.1', port: 15001 },
    bindAddress: '127.0.0.1',
    portMap: new Map(),
  };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A loop with a cache that is looked at instead of a server. */
function planeWith(document?: DocumentState) {
  const clock = new FakeClock();
  const cache = new ResourceCache();
  const pushed: string[] = [];
  let streams = 0;
  const plane = new ControlPlane({
    publisher: new Publisher(cache, silentLogger),
    svids: {
      // as after a restart: whoever holds its serial keeps it, without a key
      async svidFor(node, spiffeId, held) {
        const svid = svidOf(spiffeId, `serial of ${node}`);
        if (held !== svid.serial) return svid;
        const { certificatePem: _, privateKeyPem: __, ...rest } = svid;
        return rest;
      },
      forget() {},
    },
    secretsFor: (_proxy, svid) => secretsOf(svid, 'BUNDLE'),
    clock,
    logger: silentLogger,
    presence: {
      graceMs: 5_000,
      allowLoopback: false,
      probe: async () => ({ ok: true }),
      leases: { keep: async () => {}, drop() {} },
    },
  });
  if (document) plane.documentChanged(document);

  /** @param holds name to version of the secrets that it kept */
  async function join(service: string, peerAddress = '10.0.0.5', holds = {}): Promise<StreamInfo> {
    streams += 1;
    const nodeId = `${service}/1`;
    const subject = { proxy: proxyOf(service), tokenId: 'token' };
    const node = { id: nodeId } as StreamInfo['node'];
    const stream = { id: streams, nodeId, node, peerAddress, subject, connectedAt: clock.now() };
    cache.watch(nodeId, () => pushed.push(nodeId));
    plane.events.connected(stream);
    const held = new Map(Object.entries(holds)) as ReadonlyMap<string, string>;
    plane.events.subscribed(stream, { typeUrl: SECRET.typeUrl, names: ['svid', 'trust-bundle'], held });
    await settled(); // the certificate
    return stream;
  }

  /** The proxy takes what it should hold, as an xDS client does. */
  async function acknowledge(stream: StreamInfo): Promise<void> {
    for (const { typeUrl } of [LISTENER, SECRET]) {
      const nonce = typeUrl;
      const held = cache.get(stream.nodeId)?.get(typeUrl)?.values() ?? [];
      const versions = new Map([...held].map(({ name, version }) => [name, version]));
      plane.events.sent(stream, { typeUrl, nonce, versions, removed: [] });
      plane.events.acked(stream, { typeUrl, nonce });
    }
    await settled(); // the dial, and the lease
    clock.advance(10); // endpoint changes are gathered for a moment
  }

  const names = (node: string, { typeUrl }: { typeUrl: string }) => [
    ...(cache.get(node)?.get(typeUrl)?.keys() ?? []),
  ];
  return { plane, cache, clock, pushed, join, acknowledge, names };
}

const PAYMENTS = upstreamCluster('payments', '8080');

describe('the loop', () => {
  it('gives a proxy that joins its listeners, its secrets, and the services it may call, and no others', async () => {
    const { join, names } = planeWith(documentOf(SERVICES + ALLOW));
    await join('orders');
    await join('shipping');
    expect(names('orders/1', SECRET)).toEqual(['svid', 'trust-bundle']);
    expect(names('orders/1', CLUSTER)).toContain(PAYMENTS);
    expect(names('shipping/1', CLUSTER)).not.toContain(PAYMENTS);
  });

  it('makes an instance an endpoint once it acknowledged listener and secrets, for its callers only', async () => {
    const { join, acknowledge, cache, pushed } = planeWith(documentOf(SERVICES + ALLOW));
    await join('orders');
    await join('shipping');
    const payments = await join('payments', '10.0.0.7');
    const before = cache.get('orders/1')?.get(ENDPOINTS.typeUrl)?.get(PAYMENTS)?.version;
    pushed.length = 0;
    await acknowledge(payments);
    expect(cache.get('orders/1')?.get(ENDPOINTS.typeUrl)?.get(PAYMENTS)?.version).not.toBe(before);
    expect(pushed).toEqual(['orders/1']);
  });

  it('keeps the endpoint of an instance that comes back within its grace, without a push', async () => {
    const { plane, join, acknowledge, clock, pushed } = planeWith(documentOf(SERVICES + ALLOW));
    await join('orders');
    const first = await join('payments', '10.0.0.7');
    await acknowledge(first);
    pushed.length = 0;
    plane.events.disconnected(first, 'gone');
    clock.advance(1_000);
    await acknowledge(await join('payments', '10.0.0.7'));
    clock.advance(60_000);
    expect(pushed.filter((node) => node === 'orders/1')).toEqual([]);
    expect(plane.endpoints()).toEqual({ payments: ['10.0.0.7:15006'] });
  });

  it('removes the endpoint of an instance that stays away', async () => {
    const { plane, join, acknowledge, clock } = planeWith(documentOf(SERVICES + ALLOW));
    await join('orders');
    const stream = await join('payments', '10.0.0.7');
    await acknowledge(stream);
    plane.events.disconnected(stream, 'gone');
    clock.advance(5_000);
    expect(plane.endpoints()).toEqual({});
  });

  it('pushes a new document only to those whom it concerns', async () => {
    const { plane, join, pushed } = planeWith(documentOf(SERVICES + ALLOW));
    for (const service of ['orders', 'payments', 'shipping']) await join(service);
    pushed.length = 0;
    plane.documentChanged(documentOf(SERVICES, 2));
    expect(pushed.sort()).toEqual(['orders/1', 'payments/1']);
  });

  it('takes everything away from a proxy whose service left the document', async () => {
    const { plane, join, acknowledge, cache } = planeWith(documentOf(SERVICES + ALLOW));
    await acknowledge(await join('payments', '10.0.0.7'));
    plane.documentChanged(documentOf('services: { orders: { port: 8080 }, shipping: { port: 8080 } }\n', 2));
    expect(cache.get('payments/1')).toEqual(resourceSetOf([]));
    expect(plane.endpoints()).toEqual({});
  });

  it('pushes a renewed certificate to its proxy and to nobody else', async () => {
    const { plane, join, cache, pushed } = planeWith(documentOf(SERVICES + ALLOW));
    await join('orders');
    await join('payments');
    pushed.length = 0;
    plane.renewed('orders/1', svidOf('spiffe://shop.example/orders', 'new'));
    expect(pushed).toEqual(['orders/1']);
    expect(cache.get('orders/1')?.get(SECRET.typeUrl)?.get('svid')?.version).toBe('new');
  });

  it('serves a proxy that joins everything but secrets, and these once it has told what it holds', async () => {
    const { plane, cache, names } = planeWith(documentOf(SERVICES + ALLOW));
    const node = { id: 'orders/1' } as StreamInfo['node'];
    const subject = { proxy: proxyOf('orders'), tokenId: 'token' };
    const stream = { id: 1, nodeId: 'orders/1', node, peerAddress: '10.0.0.5', subject, connectedAt: 0 };
    plane.events.connected(stream);
    expect(names('orders/1', CLUSTER)).toContain(PAYMENTS);
    expect(cache.get('orders/1')?.has(SECRET.typeUrl)).toBe(false);
    plane.events.subscribed(stream, { typeUrl: SECRET.typeUrl, names: ['svid'], held: new Map() });
    await settled();
    expect(names('orders/1', SECRET)).toEqual(['svid', 'trust-bundle']);
  });

  it('keeps the certificate that a proxy holds, has it dialled, and never has its key to send', async () => {
    const { plane, cache, join } = planeWith(documentOf(SERVICES + ALLOW));
    const serial = 'serial of payments/1';
    const stream = await join('payments', '10.0.0.7', { svid: serial });
    const svid = cache.get('payments/1')?.get(SECRET.typeUrl)?.get('svid');
    expect([svid?.version, svid?.bytes.includes('KEY')]).toEqual([serial, false]);
    // it holds its listener as well, and acknowledges answers in which there was nothing new
    const held = new Map([['inbound', '1']]);
    plane.events.subscribed(stream, { typeUrl: LISTENER.typeUrl, names: [], held });
    plane.events.acked(stream, { typeUrl: SECRET.typeUrl, nonce: 'empty' });
    await settled();
    expect(plane.endpoints()).toEqual({ payments: ['10.0.0.7:15006'] });
    expect(plane.proxies()[0]?.svid?.serial).toBe(serial);
  });

  it('tells proxies of endpoints of before the restart from the first moment', async () => {
    const { plane, join, cache, clock } = planeWith(documentOf(SERVICES + ALLOW));
    const place = { node: 'payments/1', service: 'payments', address: '10.0.0.7', port: 15006 };
    const expiresAt = clock.now() + 3_600_000;
    plane.restore([{ ...place, serial: 's', tokenId: 'token', replica: 'r', expiresAt }]);
    await join('orders');
    const endpoints = cache.get('orders/1')?.get(ENDPOINTS.typeUrl)?.get(PAYMENTS);
    expect(endpoints?.bytes.includes('10.0.0.7')).toBe(true);
    clock.advance(15_000 + 5);
    expect(plane.endpoints()).toEqual({});
  });

  it('gives a service that comes back into the document its secrets', async () => {
    const { plane, join, names } = planeWith(documentOf(SERVICES + ALLOW));
    plane.documentChanged(documentOf('services: { orders: { port: 8080 }, shipping: { port: 8080 } }\n', 2));
    await join('payments');
    expect(names('payments/1', SECRET)).toEqual([]);
    plane.documentChanged(documentOf(SERVICES + ALLOW, 3));
    await settled();
    expect(names('payments/1', SECRET)).toEqual(['svid', 'trust-bundle']);
  });

  it('does not let the end of an old stream undo the new stream of the same node', async () => {
    const { plane, join } = planeWith(documentOf(SERVICES + ALLOW));
    const old = await join('orders', '10.0.0.5');
    await join('orders', '10.0.0.5');
    plane.events.disconnected(old, 'replaced');
    expect(plane.holderOf('orders/1')).toBe('10.0.0.5');
    expect(plane.proxies()[0]?.connected).toBe(true);
  });

  it('forgets who has been away for long', async () => {
    const { plane, join, clock } = planeWith(documentOf(SERVICES + ALLOW));
    plane.events.disconnected(await join('orders'), 'gone');
    expect(plane.proxies()).toHaveLength(1);
    clock.advance(10 * 60_000);
    expect(plane.proxies()).toEqual([]);
  });

  it('remembers why joins were refused, the newest fifty', () => {
    const { plane } = planeWith();
    for (let count = 0; count < 60; count += 1) {
      plane.events.refused({
        nodeId: `orders/${count}`,
        peerAddress: '10.0.0.9',
        why: 'the token has expired',
      });
    }
    expect(plane.refusals()).toHaveLength(50);
    expect(plane.refusals().at(-1)).toMatchObject({ nodeId: 'orders/59', why: 'the token has expired' });
  });
});
