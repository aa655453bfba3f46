/** Certificates that live for seconds, through two lives of them: no call fails, and no open connection is closed. */
import { createServer } from 'node:http';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callDirectly } from '../../src/cli/demo/direct-call.ts';
import { delay, systemClock } from '../../src/lib/clock.ts';
import { type KeptConnection, keepPlain, keepTls } from '../support/kept-connection.ts';
import { type SmallMesh, startSmallMesh } from '../support/small-mesh.ts';
import { until } from '../support/until.ts';

const DOCUMENT = `
version: 1
mesh: small
trustDomain: small.example
services:
  orders: { port: 8080 }
  payments: { port: 8080 }
  ledger: { port: 8080, maxConnectionDuration: 1s } # so that sidecars shake hands again and again
policies:
  - { name: orders-asks-both, allow: { from: orders, to: [payments, ledger] } }
`;
const LEAF_TTL_MS = 6_000;
const BETWEEN_CALLS_MS = 20;
const ASKED = { path: '/7', host: 'payments' };
const ASKED_ANEW = { path: '/7', host: 'ledger' };

let mesh: SmallMesh;

beforeAll(async () => {
  const app = () => createServer((_, response) => response.end());
  mesh = await startSmallMesh({
    document: DOCUMENT,
    apps: { payments: app(), ledger: app() },
    leafTtlMs: LEAF_TTL_MS,
  });
});
afterAll(() => mesh?.stop());

/** Upper-case hex of the certificate that an inbound listener shows now. */
function servedSerial(service: string): Promise<string> {
  const [host = '', port = ''] = mesh.inboundOf(service).split(':');
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host, port: Number(port), rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

async function statusOf(service: string): Promise<{ readonly serial: string; readonly notAfter: number }> {
  const { proxies } = await mesh.status();
  const svid = proxies.find(({ node }) => node === `${service}/1`)?.svid;
  if (!svid) throw new Error(`"${service}" has no certificate`);
  return { serial: svid.serial.toUpperCase(), notAfter: svid.notAfter };
}

/** How many connections the sidecar of orders has made to a service. */
async function connectionsTo(service: string): Promise<number> {
  const stat = `cluster.out|${service}|8080.upstream_cx_total`;
  const stats = await fetch(`${mesh.ready.proxies.orders?.envoyAdmin}/stats?filter=upstream_cx_total`);
  const line = (await stats.text()).split('\n').find((each) => each.startsWith(stat));
  return Number(line?.split(': ')[1]);
}

/** Every 20 ms a call over each kept connection, and two over a new one. */
function keepCalling(kept: readonly KeptConnection[]) {
  const outcomes: unknown[] = [];
  let stopped = false;
  const run = async () => {
    while (!stopped) {
      const fresh = keepPlain(new URL(mesh.outboundOf('orders')).host);
      const calls = [...kept, fresh].map((connection) => connection.get(ASKED));
      calls.push(fresh.get(ASKED_ANEW));
      for (const result of await Promise.allSettled(calls)) {
        outcomes.push(result.status === 'fulfilled' ? result.value : result.reason);
      }
      fresh.close();
      await delay(systemClock, BETWEEN_CALLS_MS);
    }
  };
  const ended = run();
  return {
    outcomes,
    stop() {
      stopped = true;
      return ended;
    },
  };
}

test('certificates are renewed under load, shown by the listener and by the status, and no call fails', async () => {
  const first = { orders: await statusOf('orders'), payments: await statusOf('payments') };
  expect(await servedSerial('payments')).toBe(first.payments.serial);
  const svid = await mesh.svidOf('orders');
  const kept = [
    keepPlain(new URL(mesh.outboundOf('orders')).host),
    keepTls(mesh.inboundOf('payments'), svid),
  ];
  const calls = keepCalling(kept);

  // until all that there was at first has expired, the certificate of the kept connection as well
  await until(3 * LEAF_TTL_MS, 'nothing was renewed', async () => {
    const isExpired = Object.values(first).every(({ notAfter }) => Date.now() > notAfter + 2_000);
    const now = { orders: await statusOf('orders'), payments: await statusOf('payments') };
    return (
      isExpired && now.orders.serial !== first.orders.serial && now.payments.serial !== first.payments.serial
    );
  });
  const served = await servedSerial('payments');
  expect(served).not.toBe(first.payments.serial);
  await until(1_000, 'the status shows another serial than the listener', async () => {
    return (await statusOf('payments')).serial === (await servedSerial('payments'));
  });

  await calls.stop();
  expect(calls.outcomes.length).toBeGreaterThan(300);
  expect(new Set(calls.outcomes)).toEqual(new Set([200]));
  expect(await connectionsTo('ledger')).toBeGreaterThan(4);
  for (const connection of kept) connection.close();

  const late = { inbound: mesh.inboundOf('payments'), identity: svid, method: 'GET', path: '/7' };
  expect(await callDirectly(late)).toMatchObject({ kind: 'refused' });
});
