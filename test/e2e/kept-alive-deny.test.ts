/**
 * A decision is never stale. Once a deny holds for a new connection, no connection that was open before is answered
 * 200 again: neither one that was idle meanwhile nor one that never stopped asking, neither through the caller's
 * sidecar nor past it. An allow reaches them in the same way, on the same sockets.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ServerStatus } from '../../src/cli/server-status.ts';
import { type KeptConnection, keepHttp2, keepPlain, keepTls } from '../support/kept-connection.ts';
import { type Shop, startShop } from '../support/shop.ts';
import { until } from '../support/until.ts';

const ASKED = { path: '/orders/7/shipping', host: 'orders' };
const OF_EACH = 10;
const MORE_REQUESTS = 20;
const IN_TIME_MS = 10_000;

let shop: Shop;
let allowing: string;
let denying: string;

beforeAll(async () => {
  shop = await startShop();
  // without its own tests, which name the policy
  allowing = (await readFile(shop.ready.mesh, 'utf8')).replace(/^tests:\n[\s\S]*/m, '');
  denying = allowing.replace(/ {2}- name: shipping-reads-addresses\n( {4}.*\n)+/, '');
  expect(denying).not.toBe(allowing);
});
afterAll(() => shop?.stop());

const outbound = () => new URL(shop.outboundOf('shipping')).host;
const inbound = () => shop.inboundOf('orders');

const WAYS: readonly { readonly way: string; readonly open: () => Promise<KeptConnection> }[] = [
  { way: "HTTP/1.1 through the caller's sidecar", open: async () => keepPlain(outbound()) },
  { way: "HTTP/2 through the caller's sidecar", open: async () => keepHttp2(outbound()) },
  {
    way: "HTTP/1.1 at the inbound with the caller's certificate",
    open: async () => keepTls(inbound(), await shop.svidOf('shipping')),
  },
  {
    way: "HTTP/2 at the inbound with the caller's certificate",
    open: async () => keepHttp2(inbound(), await shop.svidOf('shipping')),
  },
];

/** Writes the document and waits until a new connection is answered so; when that answer came. */
async function edit(text: string, open: () => Promise<KeptConnection>, status: number): Promise<number> {
  await writeFile(shop.ready.mesh, text);
  await until(IN_TIME_MS, `no new connection was answered ${status}`, async () => {
    const connection = await open();
    const answer = await connection.get(ASKED);
    connection.close();
    return answer === status;
  });
  return performance.now();
}

interface Traffic {
  /** When each request was sent, and its answer. */
  readonly log: readonly { readonly sentAt: number; readonly status: number }[];
  stop(): Promise<void>;
}

/** One request after the other, without a pause. */
function keepAsking(connection: KeptConnection): Traffic {
  const log: { sentAt: number; status: number }[] = [];
  let stopped = false;
  const run = async () => {
    while (!stopped) {
      const sentAt = performance.now();
      log.push({ sentAt, status: await connection.get(ASKED) });
    }
  };
  const ended = run();
  ended.catch(() => {}); // stop() tells
  return {
    log,
    stop() {
      stopped = true;
      return ended;
    },
  };
}

/** Until each has been answered many requests that it sent after that moment. */
const untilMoreSince = (traffic: readonly Traffic[], moment: number) =>
  until(IN_TIME_MS, 'the busy connections did not go on', () =>
    traffic.every(({ log }) => log.filter(({ sentAt }) => sentAt >= moment).length >= MORE_REQUESTS),
  );

const getAll = (connections: readonly KeptConnection[]) => Promise.all(connections.map((c) => c.get(ASKED)));
const openMany = (open: () => Promise<KeptConnection>) =>
  Promise.all(Array.from({ length: OF_EACH }, () => open()));
const times = (status: number) => Array.from({ length: OF_EACH }, () => status);

describe.each(WAYS)('20 kept connections: $way', ({ open }) => {
  test('none is answered 200 once a deny is in force, all are once it is taken back', async () => {
    const [idle, busy] = [await openMany(open), await openMany(open)];
    expect(await getAll([...idle, ...busy])).toEqual([...times(200), ...times(200)]);
    const traffic = busy.map(keepAsking);

    const deniedAt = await edit(denying, open, 403);
    await untilMoreSince(traffic, deniedAt);
    expect(await getAll(idle)).toEqual(times(403));

    const takenBackAt = performance.now();
    const allowedAt = await edit(allowing, open, 200);
    await untilMoreSince(traffic, allowedAt);
    expect(await getAll(idle)).toEqual(times(200));

    await Promise.all(traffic.map((each) => each.stop()));
    const requests = traffic.flatMap(({ log }) => log);
    const statuses = (from: number, to: number) =>
      new Set(requests.filter(({ sentAt }) => sentAt >= from && sentAt < to).map(({ status }) => status));
    expect(statuses(0, deniedAt)).toContain(200);
    expect(statuses(deniedAt, takenBackAt)).toEqual(new Set([403]));
    expect(statuses(allowedAt, Number.POSITIVE_INFINITY)).toEqual(new Set([200]));
    for (const connection of [...idle, ...busy]) connection.close();
  });
});

describe('no listener is touched', () => {
  /** Resource name → acknowledged version, by type, once the proxy holds all that it should. */
  async function heldBy(node: string) {
    let types: ServerStatus['proxies'][number]['types'] = {};
    await until(IN_TIME_MS, `${node} is not in sync`, async () => {
      types = (await shop.status()).proxies.find((proxy) => proxy.node === node)?.types ?? {};
      return Object.values(types).every(({ state }) => state === 'synced');
    });
    return Object.fromEntries(Object.entries(types).map(([api, { acked }]) => [api, acked]));
  }

  test('a deny changes the routes of the callee and nothing else of it, and no listener of the caller', async () => {
    const { RDS: routes, ...rest } = await heldBy('orders/1');
    const { LDS: listeners } = await heldBy('shipping/1');
    expect(Object.keys(rest)).toEqual(expect.arrayContaining(['CDS', 'EDS', 'LDS', 'SDS']));

    await edit(denying, async () => keepTls(inbound(), await shop.svidOf('shipping')), 403);
    const { RDS: routesAfter, ...restAfter } = await heldBy('orders/1');
    expect(routesAfter).not.toEqual(routes);
    expect(restAfter).toEqual(rest);
    expect((await heldBy('shipping/1')).LDS).toEqual(listeners);
  });

  test.each(['orders', 'shipping'])('the Envoy of %s never updated or drained one', async (service) => {
    const stats = await fetch(`${shop.ready.proxies[service]?.envoyAdmin}/stats?filter=listener_manager`);
    const counters = new Map(
      (await stats.text()).split('\n').map((line) => line.split(': ') as [string, string]),
    );
    expect(counters.get('listener_manager.listener_added')).toBe('2');
    expect(counters.get('listener_manager.listener_modified')).toBe('0');
    expect(counters.get('listener_manager.listener_in_place_updated')).toBe('0');
    expect(counters.get('listener_manager.total_listeners_draining')).toBe('0');
    expect(counters.get('listener_manager.total_filter_chains_draining')).toBe('0');
  });
});
