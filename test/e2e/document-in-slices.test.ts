/**
 * A document that is written in place is a shorter one for a while, and many a shorter one is valid: it lacks the last
 * policies, or the paths of one. None of them may ever be served.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Serving, serving } from '../support/serving.ts';
import type { SimulatedProxy } from '../support/simulated-proxy.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const SHOP = readFileSync(new URL('../../examples/shop/mesh.yaml', import.meta.url), 'utf8');
const EDITED = SHOP.replace(
  'policies:\n',
  `policies:
  - { name: catalog-asks, allow: { from: catalog, to: orders, paths: /stock } }
  - { name: nothing-for-shipping, deny: { from: shipping, to: catalog } }
`,
);

let path: string;
let mesh: Serving;
let proxies: readonly SimulatedProxy[];

/** What both hold, with the names told apart. */
async function held(): Promise<object> {
  return Promise.all(proxies.map((proxy) => proxy.held()));
}

async function replace(content: string): Promise<void> {
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
}

beforeAll(async () => {
  const folder = await temporaryFolder('slices');
  path = join(folder, 'mesh.yaml');
  await writeFile(path, SHOP);
  mesh = await serving(folder, path);
  proxies = await Promise.all(['orders', 'catalog'].map(mesh.join));
});

afterAll(() => mesh.close());

/**
 * In place, in this process: what the writer waits for between two slices is due before the second of two reads that
 * are 20 ms apart, however busy the machine is, so no stretch of the file ever stands still for both.
 */
async function writeInSlices(slices: readonly string[], pause: () => Promise<unknown>): Promise<void> {
  const file = openSync(path, 'w');
  for (const slice of slices) {
    writeSync(file, slice);
    await pause();
  }
  closeSync(file);
}

const byByte = (text: string) => [...text];
const bySomeBytes = (text: string) => text.match(/.{1,48}/gs) ?? [];
/** Each of them leaves a document that is valid, and allows or denies something else. */
const byPolicy = (text: string) => text.split(/(?<=\n\n)/);

it.each([
  ['byte by byte', byByte, () => setImmediate()],
  ['in small slices, with pauses', bySomeBytes, () => setTimeout(4)],
  ['policy by policy, with pauses', byPolicy, () => setTimeout(8)],
] as const)('written in place %s, nothing between the two versions is ever served', async (_, cut, pause) => {
  const first = await held();
  await replace(EDITED);
  await expect.poll(held, { timeout: 10_000 }).not.toEqual(first);
  const second = await held();
  await replace(SHOP);
  await expect.poll(held, { timeout: 10_000 }).toEqual(first);
  const allowed = new Set(proxies.flatMap((proxy) => proxy.received));
  const sent = proxies.map((proxy) => proxy.received.length);

  await writeInSlices(cut(EDITED), pause);
  await expect.poll(held, { timeout: 10_000 }).toEqual(second);
  await writeInSlices(cut(SHOP), pause);
  await expect.poll(held, { timeout: 10_000 }).toEqual(first);
  const pushed = proxies.flatMap((proxy, index) => proxy.received.slice(sent[index]));
  expect(pushed.length).toBeGreaterThan(0);
  expect(pushed.filter((resource) => !allowed.has(resource))).toEqual([]);
});
