/** A token of 30 seconds through two restarts of the control plane and three lives, by a clock that the test hurries on. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CreatedTokenBody, TokenBody } from '../../src/admin/schemas.ts';
import { renewOverXds } from '../../src/cli/renew-over-xds.ts';
import { type RunningServer, startServer } from '../../src/cli/server.ts';
import { watchTokenFile } from '../../src/cli/token-watch.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { writeTokenFiles } from '../../src/store/token-file.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { joinAs } from '../support/simulated-proxy.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { until } from '../support/until.ts';

const DOCUMENT = `
version: 1
mesh: small
trustDomain: small.example
services: { web: { port: 8080 } }
`;
const DAY_MS = 86_400_000;
const SOON_MS = 10_000;

let folder: string;
let clock: FakeClock;
let server: RunningServer;
let stop: AbortController;
let ticking: NodeJS.Timeout;

const TICK_MS = 10;

async function start(): Promise<void> {
  const started = await startServer({
    mesh: join(folder, 'mesh.yaml'),
    state: join(folder, 'state'),
    xds: { address: '127.0.0.1', port: 0 },
    admin: { address: '127.0.0.1', port: 0 },
    leafTtlMs: DAY_MS,
    authorityTtlMs: DAY_MS,
    allowLoopbackEndpoints: true,
    clock,
    logger: silentLogger,
  });
  if (!started.ok) throw new Error('the document of the test is not valid');
  server = started.server;
}

async function restart(): Promise<void> {
  await server.close();
  await start();
}

async function api(method: string, body?: object): Promise<unknown> {
  const { admin, adminToken } = server.record;
  const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' };
  const sent = body && { body: JSON.stringify(body) };
  return (await fetch(`${admin}/tokens`, { method, headers, ...sent })).json();
}

const tokens = async () => ((await api('GET')) as { readonly tokens: readonly TokenBody[] }).tokens;
const xdsCa = () => readFile(server.record.xdsCa, 'utf8');

async function renew(token: string): Promise<string> {
  const caPem = await xdsCa();
  const serverSpiffeId = 'spiffe://small.example/portcullis';
  return renewOverXds({ address: server.record.xds, caPem, serverSpiffeId }, token, clock);
}

async function joinWith(token: string): Promise<void> {
  const { xds } = server.record;
  const proxy = await joinAs({
    xds,
    xdsCaPem: await xdsCa(),
    token,
    kind: 'service',
    service: 'web',
    port: 8080,
  });
  proxy.close();
}

beforeEach(async () => {
  folder = await temporaryFolder('token-life');
  clock = new FakeClock(Date.now()); // TLS looks at the real one
  ticking = setInterval(() => clock.advance(TICK_MS), TICK_MS); // a server waits for this and that
  stop = new AbortController();
  await writeFile(join(folder, 'mesh.yaml'), DOCUMENT);
  await start();
});

afterEach(async () => {
  stop.abort();
  await server?.close();
  clearInterval(ticking);
});

test('a token of 30 seconds gets its sidecar in for as long as somebody renews it', async () => {
  const path = join(folder, 'web.token');
  const { token } = (await api('POST', { service: 'web', ttl: '30s' })) as CreatedTokenBody;
  await writeTokenFiles(path, token);
  await joinWith(token);
  const failures: string[] = [];
  const told = { onRenewed: () => {}, onFailed: (why: string) => failures.push(why) };
  const watch = watchTokenFile({ path, renew, clock, random: () => 0.5, ...told }, stop.signal);

  const used = [token];
  for (let life = 0; life < 3; life += 1) {
    const before = used.at(-1) as string;
    await until(SOON_MS, 'the token was not renewed', async () => {
      clock.advance(500);
      return (await readFile(path, 'utf8')) !== before;
    });
    if (life < 2) await restart();
    used.push(await readFile(path, 'utf8'));
    await joinWith(used.at(-1) as string);
    await expect(renew(before)).rejects.toMatchObject({ code: 'ERR_TOKEN' });
  }
  stop.abort();
  await watch;

  expect(failures).toEqual([]);
  const known = await tokens();
  expect(known.map(({ predecessor }) => predecessor)).toEqual([
    undefined,
    ...known.slice(0, -1).map(({ jti }) => jti),
  ]);
  expect(known.map(({ state }) => state)).toEqual(['revoked', 'revoked', 'revoked', 'good']);
  expect(new Set(known.map(({ binding }) => binding?.node))).toEqual(new Set(['web/1']));

  clock.advance(60_000);
  await expect(renew(used.at(-1) as string)).rejects.toMatchObject({ code: 'ERR_TOKEN' });
  expect((await tokens()).at(-1)).toMatchObject({ state: 'expired' });
});
