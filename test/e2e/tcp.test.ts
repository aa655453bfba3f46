/**
 * A database that greets before it is asked anything. Who is not allowed gets not one byte of it, and never reaches it;
 * who was allowed and no longer is loses open connections within the drain time, and nobody else does.
 */
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { foreignIdentity } from '../../src/cli/demo/identities.ts';
import { callerServerName } from '../../src/proto/names.ts';
import { type SmallMesh, startSmallMesh } from '../support/small-mesh.ts';
import { type Tunnel, tunnelThrough, tunnelTo } from '../support/tunnel.ts';

const DOCUMENT = `
version: 1
mesh: small
trustDomain: small.example
services:
  db: { port: 5432, protocol: tcp }
  orders: { port: 8080 }
  reports: { port: 8080 }
  shipping: { port: 8080 }
policies:
  - { name: orders-stores, allow: { from: orders, to: db } }
  - { name: reports-reads, allow: { from: reports, to: db } }
`;
const WITHOUT_REPORTS = DOCUMENT.replace(/.*reports-reads.*\n/, '');

const GREETING = 'who are you?\n';
/** The drain time of the start command, and some for a busy machine. */
const DRAINED_WITHIN_MS = 10_000;

let accepted = 0;

/** Greets, then says everything back. */
const database = createServer((socket) => {
  accepted += 1;
  socket.on('error', () => {}); // proxies reset
  socket.write(GREETING);
  socket.pipe(socket);
});

let mesh: SmallMesh;

beforeAll(async () => {
  mesh = await startSmallMesh({ document: DOCUMENT, apps: { db: database } });
});
afterAll(() => mesh?.stop());
beforeEach(() => {
  accepted = 0;
});

const bySidecar = (caller: string) => tunnelThrough(mesh.outboundOf(caller), 'db:5432');
const direct = async (caller: string, servername?: string) =>
  tunnelTo(mesh.inboundOf('db'), await mesh.svidOf(caller), servername);
const nameOf = (caller: string) => callerServerName(caller, '5432');

async function talks(tunnel: Tunnel): Promise<void> {
  await tunnel.received(GREETING);
  tunnel.write('hello\n');
  await tunnel.received('hello\n');
}

describe('who is allowed', () => {
  test.each(['orders', 'reports'])(
    '%s reaches the database through its sidecar, by CONNECT',
    async (caller) => {
      const tunnel = await bySidecar(caller);
      expect(tunnel.status).toBe(200);
      await talks(tunnel);
      tunnel.close();
    },
  );

  test('and with its certificate at the inbound, by its own server name', async () => {
    const tunnel = await direct('orders', nameOf('orders'));
    await talks(tunnel);
    tunnel.close();
  });
});

describe('who is not', () => {
  test('is told by its own sidecar, as of a name that nobody has', async () => {
    const tunnel = await bySidecar('shipping');
    expect(tunnel.status).toBe(403);
    expect((await tunnelThrough(mesh.outboundOf('shipping'), 'nonesuch:5432')).status).toBe(403);
    expect(tunnel.text()).not.toContain(GREETING);
    expect(accepted).toBe(0);
    tunnel.close();
  });

  test.each([
    ['its own server name', nameOf('shipping')],
    ['the server name of one who is allowed', nameOf('orders')],
    ['a server name that nobody has', 'somebody.else'],
    ['a server name of ours that no chain has', nameOf('nobody')],
    ['the server name of the port', '5432.port'],
    ['no server name', undefined],
  ])('gets nothing at the inbound with %s', async (_, servername) => {
    const tunnel = await direct('shipping', servername);
    tunnel.write('hello\n');
    await tunnel.closed();
    expect(tunnel.text()).toBe('');
    expect(accepted).toBe(0);
  });

  test.each([
    ['a foreign certificate', () => foreignIdentity('small.example', 'orders')],
    ['no certificate', async () => undefined],
  ])('gets nothing with %s', async (_, identity) => {
    const tunnel = await tunnelTo(mesh.inboundOf('db'), await identity(), nameOf('orders'));
    tunnel.write('hello\n');
    await tunnel.closed();
    expect(tunnel.text()).toBe('');
    expect(accepted).toBe(0);
  });

  test("nor does one who is allowed, under another's name", async () => {
    const tunnel = await direct('reports', nameOf('orders'));
    await tunnel.closed();
    expect(tunnel.text()).toBe('');
    expect(accepted).toBe(0);
  });
});

test('who loses the allow loses open connections within the drain time, and nobody else does', async () => {
  const removed = [await bySidecar('reports'), await direct('reports', nameOf('reports'))];
  const kept = [await bySidecar('orders'), await direct('orders', nameOf('orders'))];
  for (const tunnel of [...removed, ...kept]) await talks(tunnel);

  await writeFile(mesh.ready.mesh, WITHOUT_REPORTS);
  await Promise.all(removed.map((tunnel) => tunnel.closed(DRAINED_WITHIN_MS)));
  for (const tunnel of kept) {
    tunnel.write('still here\n');
    await tunnel.received('still here\n');
  }

  const late = await direct('reports', nameOf('reports'));
  await late.closed();
  expect(late.text()).toBe('');
  expect((await bySidecar('reports')).status).toBe(403);
  for (const tunnel of kept) tunnel.close();
});
