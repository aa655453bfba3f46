import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Proxy } from '../../src/compile/proxy.ts';
import { createAuthority } from '../../src/identity/authority.ts';
import { sdsFileOf, writeTokenFiles } from '../../src/store/token-file.ts';
import { envoyComplaint } from '../support/envoy-validate.ts';
import { sampleBootstrap } from '../support/sample-bootstrap.ts';

const proxy: Proxy = {
  kind: 'service',
  service: 'orders',
  instance: '1',
  inbound: { address: '0.0.0.0', port: 15006 },
  outbound: { address: '127.0.0.1', port: 15001 },
  bindAddress: '0.0.0.0',
  portMap: new Map([[8080, 18080]]),
};

let folder: string;
let authorityPem: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-bootstrap-'));
  const spiffeId = 'spiffe://shop.example';
  const lifetimeMs = 3_600_000;
  const authority = await createAuthority({ name: 'xds', spiffeId, lifetimeMs, now: Date.now() });
  authorityPem = authority.certificatePem;
});

afterAll(() => rmSync(folder, { recursive: true }));

test('the real Envoy takes the bootstrap with its token file', async () => {
  const tokenFile = join(folder, 'orders.token');
  await writeTokenFiles(tokenFile, 'a.b.c');
  expect(await envoyComplaint(sampleBootstrap(proxy, authorityPem, sdsFileOf(tokenFile)))).toBeUndefined();
});

test('a bootstrap with a field that Envoy does not know is complained of', async () => {
  const misspelt = { ...sampleBootstrap(proxy, authorityPem), layered_runtimes: {} };
  expect(await envoyComplaint(misspelt)).toContain('layered_runtimes');
});
