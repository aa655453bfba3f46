/**
 * Join tokens, with real Envoys: a renewed one is used at the next stream, short-lived ones outlast restarts of the
 * control plane, and who has lost its token is cut off at once, until it gets another.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TokenBody } from '../../src/admin/schemas.ts';
import { callThroughProxy } from '../../src/cli/verbs/call.ts';
import { delay, systemClock } from '../../src/lib/clock.ts';
import { type CliProcess, runCli, spawnCli, words } from '../support/cli.ts';
import { type ControlPlaneLife, type KillableMesh, prepareKillableMesh } from '../support/killable-mesh.ts';
import { until } from '../support/until.ts';

const DOCUMENT = `
version: 1
mesh: small
trustDomain: small.example
services:
  web: { port: 8080 }
  payments: { port: 8080 }
policies:
  - { name: web-asks, allow: { from: web, to: payments } }
`;
const SOON_MS = 15_000;
const TTL_MS = 12_000;

let mesh: KillableMesh;
let plane: ControlPlaneLife;

beforeAll(async () => {
  const app = () => createServer((_, response) => response.end('ok'));
  mesh = await prepareKillableMesh({ document: DOCUMENT, apps: { web: app(), payments: app() } });
  plane = mesh.startControlPlane();
  await plane.listening;
  for (const service of mesh.services) await mesh.startSidecar(service);
  await untilCallGives(200);
});
afterAll(() => mesh?.stop());

async function call(): Promise<number> {
  const proxy = `http://${mesh.outboundOf('web')}`;
  return (await callThroughProxy({ proxy, method: 'GET', url: 'http://payments/' })).status;
}

async function untilCallGives(status: number): Promise<void> {
  let last = 0;
  await until(
    SOON_MS,
    () => `calls gave ${last}, not ${status}`,
    async () => {
      last = await call().catch(() => 0);
      return last === status;
    },
  );
}

const cli = (command: string) => runCli(`${command} --state state`, { cwd: mesh.folder });

async function tokens(): Promise<readonly TokenBody[]> {
  return JSON.parse((await cli('token list --json')).stdout).tokens;
}

/** The good token that a node is let in with. */
async function tokenOf(node: string): Promise<TokenBody | undefined> {
  return (await tokens()).findLast(({ binding, state }) => binding?.node === node && state !== 'revoked');
}

const isConnected = async (node: string) =>
  (await plane.status()).proxies.some((proxy) => proxy.node === node && proxy.connected);

async function restart(): Promise<void> {
  await plane.kill();
  plane = mesh.startControlPlane();
  await plane.listening;
  for (const service of mesh.services)
    await until(SOON_MS, `${service} did not come back`, () => isConnected(`${service}/1`));
}

describe('a renewed token', () => {
  test('is used at the next stream, and then the old one is good for nothing', async () => {
    const file = mesh.tokenOf('payments');
    const old = await readFile(file, 'utf8');
    const before = await tokenOf('payments/1');
    const renewed = await cli(`token renew ${file} --bootstrap payments.bootstrap.json --json`);
    expect(renewed).toMatchObject({ code: 0 });
    const { jti, predecessor } = JSON.parse(renewed.stdout);
    expect(predecessor).toBe(before?.jti);
    expect(await readFile(file, 'utf8')).not.toBe(old);
    expect(renewed.stdout).not.toContain(old.split('.')[2]);

    await restart();
    await until(SOON_MS, 'the old token was not retired', async () => {
      const state = new Map((await tokens()).map((token) => [token.jti, token.state]));
      return state.get(predecessor) === 'revoked' && state.get(jti) === 'good';
    });
    await untilCallGives(200);
  });
});

describe('tokens that live for seconds', () => {
  test('outlast two restarts of the control plane where somebody renews them, and no call fails', async () => {
    const watches: CliProcess[] = [];
    for (const service of mesh.services) {
      const file = mesh.tokenOf(service);
      await cli(`token create ${service} --ttl ${TTL_MS}ms --out ${file}`);
      const command = `token renew ${file} --bootstrap ${service}.bootstrap.json --watch --json`;
      watches.push(spawnCli(words(command), { cwd: mesh.folder }));
    }
    const first = new Map(await Promise.all(mesh.services.map(jtiInFile)));
    const start = systemClock.now();
    const statuses: number[] = [];
    let isOver = false;
    const calls = (async () => {
      while (!isOver) {
        statuses.push(await call().catch(() => 0));
        await delay(systemClock, 50);
      }
    })();
    await restart();
    await until(3 * TTL_MS, 'nothing was renewed', () => systemClock.now() - start > TTL_MS + 2_000);
    await restart();
    await until(
      3 * TTL_MS,
      'nothing was renewed again',
      () => systemClock.now() - start > 2 * TTL_MS + 2_000,
    );
    isOver = true;
    await calls;
    for (const { child } of watches) child.kill('SIGTERM');
    for (const { ended } of watches) expect((await ended).code).toBe(0); // one may have met a restart, and said so
    expect(statuses.length).toBeGreaterThan(100);
    expect(new Set(statuses)).toEqual(new Set([200]));
    for (const [service, jti] of await Promise.all(mesh.services.map(jtiInFile)))
      expect(jti).not.toBe(first.get(service));
  });
});

/** The name of the token in a service's file. */
async function jtiInFile(service: string): Promise<readonly [string, string]> {
  const [, claims = ''] = (await readFile(mesh.tokenOf(service), 'utf8')).split('.');
  return [service, JSON.parse(Buffer.from(claims, 'base64url').toString()).jti];
}

describe('a revoked token', () => {
  test('cuts its proxy off at once and for good, until there is another', async () => {
    for (const service of mesh.services) await cli(`token create ${service} --out ${mesh.tokenOf(service)}`);
    await restart();
    await untilCallGives(200);

    const jti = (await tokenOf('payments/1'))?.jti;
    const revoked = await cli(`token revoke ${jti} --json`);
    expect(revoked).toMatchObject({ code: 0 });
    expect(JSON.parse(revoked.stdout)).toMatchObject({ by: 'server', revoked: [jti], nodes: ['payments/1'] });
    const { endpoints } = await plane.status();
    expect(endpoints.payments).toBeUndefined();
    await untilCallGives(503);

    await until(SOON_MS, 'it did not try again', async () => {
      const { refusals } = await plane.status();
      return refusals.some(
        ({ nodeId, why, count }) => nodeId === 'payments/1' && /revoked/.test(why) && count > 2,
      );
    });
    expect(await isConnected('payments/1')).toBe(false);
    expect(await call()).toBe(503);

    await cli(`token create payments --out ${mesh.tokenOf('payments')}`);
    await untilCallGives(200);
    expect(await isConnected('payments/1')).toBe(true);
  });

  test('keeps its proxy out also when it is revoked while there is no control plane', async () => {
    await plane.kill();
    const jti = (await tokenOf('payments/1'))?.jti;
    const revoked = await cli(`token revoke ${jti}`);
    expect(revoked.stdout).toContain('since no server answered');
    plane = mesh.startControlPlane();
    await plane.listening;
    await until(SOON_MS, 'web did not come back', () => isConnected('web/1'));
    await untilCallGives(503);
    expect(await isConnected('payments/1')).toBe(false);
  });
});
