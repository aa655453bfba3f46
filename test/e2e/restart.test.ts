/**
 * The control plane is killed again and again while the mesh works. No call fails, proxies are back at once, and nothing
 * is sent to them: they hold the same versions and certificates as before. Who really needs something gets it.
 */
import { Agent, createServer, request } from 'node:http';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { delay, systemClock } from '../../src/lib/clock.ts';
import { PRESENCE_SERVER_NAME } from '../../src/proto/names.ts';
import { type ControlPlaneLife, type KillableMesh, prepareKillableMesh } from '../support/killable-mesh.ts';
import { until } from '../support/until.ts';

const DOCUMENT = `
version: 1
mesh: small
trustDomain: small.example
services:
  web: { port: 8080 }
  orders: { port: 8080, maxConnectionDuration: 1s } # so that sidecars shake hands again and again
  payments: { port: 8080 }
  ledger: { port: 8080 }
policies:
  - { name: web-asks, allow: { from: web, to: [orders, payments, ledger] } }
  - { name: orders-ask, allow: { from: orders, to: [payments, ledger] } }
`;
const KILLS = 5;
const PER_SECOND = 200;
const BACK_WITHIN_MS = 2_000;
const FIRST_WITHIN_MS = 30_000;
/** After all are back: whatever would be pushed late, the end of endpoint changes included. */
const QUIET_MS = 300;

let mesh: KillableMesh;
let plane: ControlPlaneLife;

beforeAll(async () => {
  const app = () => createServer((_, response) => response.end('ok'));
  mesh = await prepareKillableMesh({
    document: DOCUMENT,
    apps: { web: app(), orders: app(), payments: app(), ledger: app() },
  });
  plane = mesh.startControlPlane();
  await plane.listening;
  for (const service of mesh.services) await mesh.startSidecar(service);
  await untilBack(FIRST_WITHIN_MS);
});
afterAll(() => mesh?.stop());

/** Until every proxy is in sync and was seen with its certificate. How long that took, in milliseconds. */
async function untilBack(timeoutMs: number): Promise<number> {
  const start = systemClock.now();
  let missing = '';
  await until(
    timeoutMs,
    () => `not all are back (${missing})`,
    async () => {
      const { proxies, instances } = await plane.status();
      const synced = proxies.filter(
        ({ connected, types }) =>
          connected &&
          ['CDS', 'LDS', 'RDS', 'SDS'].every((api) => types[api as 'CDS']?.state === 'synced') &&
          Object.values(types).every(({ state }) => state === 'synced'),
      );
      const present = instances.filter(({ state, problem }) => state === 'present' && problem === undefined);
      missing = JSON.stringify({ synced: synced.map(({ node }) => node), instances });
      return synced.length === mesh.services.length && present.length === mesh.services.length;
    },
  );
  return systemClock.now() - start;
}

/** What one life of the control plane sent: `node type +resources -removed`, without empty answers. */
function pushes({ log }: ControlPlaneLife): readonly string[] {
  return log
    .filter(({ msg, resources, removed }) => msg === 'sent' && Number(resources) + Number(removed) > 0)
    .map(({ node, type, resources, removed }) => `${node} ${type} +${resources} -${removed}`);
}

/** Upper-case hex of the certificate that an inbound listener shows now. */
function servedSerial(service: string): Promise<string> {
  const [host = '', port = ''] = mesh.inboundOf(service).split(':');
  const target = { host, port: Number(port), servername: PRESENCE_SERVER_NAME, rejectUnauthorized: false };
  return new Promise((resolve, reject) => {
    const socket = connectTls(target, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

const servedSerials = async () =>
  new Map(
    await Promise.all(mesh.services.map(async (service) => [service, await servedSerial(service)] as const)),
  );

/** A GET through the sidecar of web: the status, or why there is none. */
function call(agent: Agent, service: string): Promise<number | string> {
  const [hostname = '', port = ''] = mesh.outboundOf('web').split(':');
  return new Promise((resolve) => {
    const outgoing = request(
      { hostname, port, agent, path: '/7', headers: { host: service } },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    outgoing.on('error', (error) => resolve(error.message));
    outgoing.end();
  });
}

function traffic(services: readonly string[]) {
  const agent = new Agent({ keepAlive: true });
  const calls: Promise<number | string>[] = [];
  const startedAt = systemClock.now();
  let stopped = false;
  const run = async () => {
    while (!stopped) {
      const due = ((systemClock.now() - startedAt) * PER_SECOND) / 1_000;
      while (calls.length < due) calls.push(call(agent, services[calls.length % services.length] as string));
      await delay(systemClock, 5);
    }
  };
  const ended = run();
  return {
    async stop() {
      stopped = true;
      await ended;
      const outcomes = await Promise.all(calls);
      agent.destroy();
      return { total: outcomes.length, failed: outcomes.filter((outcome) => outcome !== 200) };
    },
  };
}

const sometime = (mostMs: number) => delay(systemClock, Math.random() * mostMs);

async function killAndStart(downMs: number): Promise<void> {
  await plane.kill();
  await sometime(downMs);
  plane = mesh.startControlPlane();
}

async function untilQuiet(): Promise<void> {
  await delay(systemClock, QUIET_MS);
}

test('killed five times at random moments under traffic, it is not missed, and nothing is sent again', async () => {
  const serials = await servedSerials();
  const requests = traffic(['orders', 'payments']);
  const backAfterMs: number[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    await sometime(700);
    await killAndStart(700);
    await plane.listening;
    backAfterMs.push(await untilBack(BACK_WITHIN_MS));
    await untilQuiet();
    expect(pushes(plane)).toEqual([]);
    expect(await servedSerials()).toEqual(serials);
  }
  const { total, failed } = await requests.stop();
  expect(failed).toEqual([]);
  expect(total).toBeGreaterThan(KILLS * PER_SECOND);
  console.log(`back after ${backAfterMs.join(', ')} ms; ${total} calls, ${failed.length} failed`);
});

test('killed again while it starts and while proxies come back, it loses and sends nothing either', async () => {
  const serials = await servedSerials();
  const requests = traffic(['orders', 'payments']);
  for (let kill = 0; kill < KILLS; kill += 1) {
    if (kill % 2 === 0) await plane.listening;
    await sometime(600);
    const sent = pushes(plane);
    await killAndStart(100);
    expect(sent).toEqual([]);
  }
  await plane.listening;
  await untilBack(BACK_WITHIN_MS);
  await untilQuiet();
  expect(pushes(plane)).toEqual([]);
  expect(await servedSerials()).toEqual(serials);
  expect((await requests.stop()).failed).toEqual([]);
});

test('a proxy that starts anew meanwhile gets all it needs, a new certificate too, and nobody else gets anything', async () => {
  const before = await servedSerials();
  const requests = traffic(['orders', 'payments']);
  await plane.kill();
  await mesh.killSidecar('ledger');
  await mesh.startSidecar('ledger');
  plane = mesh.startControlPlane();
  await plane.listening;
  await untilBack(5_000);
  await untilQuiet();
  const sentTo = new Set(pushes(plane).map((push) => push.split(' ')[0]));
  expect(sentTo).toEqual(new Set(['ledger/1']));
  const after = await servedSerials();
  expect(after.get('ledger')).not.toBe(before.get('ledger'));
  expect(new Map([...after, ['ledger', '']])).toEqual(new Map([...before, ['ledger', '']]));
  const agent = new Agent();
  expect(await call(agent, 'ledger')).toBe(200);
  expect((await requests.stop()).failed).toEqual([]);
});
