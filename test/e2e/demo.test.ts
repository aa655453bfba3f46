/** The demo as people and scripts use it: what it tells, what it leaves for other verbs to find, how it ends. */
import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callThroughProxy } from '../../src/cli/verbs/call.ts';
import { runCli, spawnCli } from '../support/cli.ts';
import { addressesOf, isListening, type RunningDemo, startDemo } from '../support/demo.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

describe('demo --once', () => {
  it('tells the story, finds that all of it came true, and leaves nothing behind', async () => {
    const cwd = await temporaryFolder('demo-once');
    const { code, stdout, stderr } = await runCli('demo --once', { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toContain('✗');
    for (const part of [
      'waiting until every Envoy holds its configuration',
      '✓ orders → GET http://payments/payments/7: 200',
      '✓ shipping → GET http://orders/orders/7/payment: 403',
      '$ portcullis can --from shipping --to orders GET /orders/7/payment --fix',
      '- name: shipping-to-orders',
      '✓ plaintext: refused',
      "✓ shipping's own, valid certificate: 403",
      'then denied again: 403, 200, 403',
    ]) {
      expect(stdout).toContain(part);
    }
    const mesh = /starting the control plane for (.+)/.exec(stdout)?.[1] ?? '';
    expect(existsSync(join(mesh, '..'))).toBe(false);
    expect(existsSync(join(cwd, '.portcullis'))).toBe(false);
  });
});

describe('demo --json', () => {
  let cwd: string;
  let demo: RunningDemo;

  beforeAll(async () => {
    cwd = await temporaryFolder('demo-json');
    demo = await startDemo(cwd);
  });

  afterAll(async () => {
    demo?.child.kill('SIGTERM');
    await demo?.ended;
  });

  const call = (from: string, url: string) =>
    callThroughProxy({ proxy: demo.ready.proxies[from]?.outbound ?? '', method: 'GET', url });

  it('prints one line of JSON with everything that a script needs', () => {
    const url = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/);
    const address = expect.stringMatching(/^127\.0\.0\.1:\d+$/);
    const file = expect.stringMatching(/^\//);
    const gateway = { token: file, envoyAdmin: url, pid: expect.any(Number) };
    const sidecar = { ...gateway, outbound: url, inbound: address };
    expect(demo.said()).toEqual({ stdout: `${JSON.stringify(demo.ready)}\n`, stderr: '' });
    expect(demo.ready).toEqual({
      ready: true,
      mesh: file,
      admin: url,
      adminToken: expect.stringMatching(/^[\w-]{43}$/),
      gateway: url,
      xds: address,
      xdsCa: file,
      proxies: {
        catalog: { node: 'catalog/1', ...sidecar },
        orders: { node: 'orders/1', ...sidecar },
        payments: { node: 'payments/1', ...sidecar },
        shipping: { node: 'shipping/1', ...sidecar },
        edge: { node: 'edge/1', ...gateway },
      },
    });
  });

  it('names files that hold what they should, the secret ones for their owner only', async () => {
    const { mesh, xdsCa, proxies } = demo.ready;
    expect(await readFile(xdsCa, 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----/);
    expect(await readFile(mesh, 'utf8')).toContain('trustDomain: shop.example');
    for (const { token } of Object.values(proxies)) {
      expect((await readFile(token, 'utf8')).split('.')).toHaveLength(3);
      expect(await modeOf(token)).toBe(0o600);
    }
    expect(await modeOf(join(cwd, '.portcullis', 'demo.json'))).toBe(0o600);
    expect(await modeOf(demo.folder)).toBe(0o700);
  });

  it('lets a call through a sidecar be a call by its service', async () => {
    const allowed = await call('orders', 'http://payments/payments/7');
    expect(allowed.status).toBe(200);
    expect(JSON.parse(allowed.body)).toEqual({
      service: 'payments',
      method: 'GET',
      path: '/payments/7',
      caller: 'spiffe://shop.example/orders',
    });
    expect((await call('shipping', 'http://payments/payments/7')).status).toBe(403);
  });

  it('is found by call, status and can from the same folder', async () => {
    expect(await runCli('call orders GET http://payments/payments/7', { cwd })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('"service":"payments"'),
      stderr: 'HTTP 200\n',
    });
    expect(await runCli('call shipping GET http://payments/payments/7', { cwd })).toMatchObject({
      code: 1,
      stderr: 'HTTP 403\n',
    });
    expect(await runCli('call shiping GET http://payments/', { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean "shipping"?'),
    });
    expect(await runCli('can --from orders --to payments GET /payments/7', { cwd })).toMatchObject({
      code: 0,
    });
    const status = await runCli('status', { cwd });
    expect(status).toMatchObject({ code: 0, stderr: '' });
    for (const node of Object.values(demo.ready.proxies).map((proxy) => proxy.node)) {
      expect(status.stdout).toMatch(new RegExp(`^${node} +connected .*synced +synced  good for `, 'm'));
    }
  });

  it('tells nobody anything who asks the API without the token', async () => {
    expect((await fetch(`${demo.ready.admin}/status`)).status).toBe(401);
  });

  it('takes an edit of the document that it named', async () => {
    const { mesh } = demo.ready;
    const before = await readFile(mesh, 'utf8');
    const policy = '  - { name: added, allow: { from: catalog, to: payments } }\n';
    await writeFile(mesh, before.replace('policies:\n', `policies:\n${policy}`));
    await expect
      .poll(async () => (await call('catalog', 'http://payments/x')).status, { timeout: 10_000 })
      .toBe(200);
    await writeFile(mesh, before);
    await expect
      .poll(async () => (await call('catalog', 'http://payments/x')).status, { timeout: 10_000 })
      .toBe(403);
  });

  it('is not disturbed by a second demo, which comes and goes beside it', async () => {
    const second = await startDemo(await temporaryFolder('demo-second'));
    const shared = addressesOf(second.ready).filter((address) => addressesOf(demo.ready).includes(address));
    expect(shared).toEqual([]);
    second.child.kill('SIGTERM');
    expect((await second.ended).code).toBe(0);
    expect((await call('orders', 'http://payments/payments/7')).status).toBe(200);
    expect(await Promise.all(addressesOf(demo.ready).map(isListening))).not.toContain(false);
  });
});

describe('an Envoy for the demo', () => {
  const demoWith = async (ENVOY_BIN: string, cwd: string) =>
    spawnCli(['demo', '--once'], { cwd, env: { ENVOY_BIN } }).ended;

  it('that is not there, or is another version, is said to be so', async () => {
    const cwd = await temporaryFolder('demo-envoy');
    const old = join(cwd, 'old-envoy');
    await writeFile(old, "#!/bin/sh\necho 'envoy  version: 0123abc/1.20.1/Clean/RELEASE/BoringSSL'\n", {
      mode: 0o755,
    });
    expect(await demoWith('/nowhere/envoy', cwd)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /ENVOY_BIN is "\/nowhere\/envoy", but there is no such file; point it at/,
      ),
    });
    expect(await demoWith(old, cwd)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/it is Envoy 1\.20\.1, not 1\.40; point it at an Envoy 1\.40 binary/),
    });
  });
});
