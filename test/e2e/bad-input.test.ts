/**
 * Whatever happens to the document of a running mesh, the proxies keep what the last good one gave them, people are
 * told everything that is wrong, and its return needs no push.
 */
import { readFileSync } from 'node:fs';
import { mkdir, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Serving, serving } from '../support/serving.ts';
import type { SimulatedProxy } from '../support/simulated-proxy.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const SHOP = readFileSync(new URL('../../examples/shop/mesh.yaml', import.meta.url), 'utf8');
/** What a good edit looks like: one caller more. */
const EDITED = SHOP.replace(
  'policies:\n',
  'policies:\n  - { name: more, allow: { from: catalog, to: orders } }\n',
);

let folder: string;
let path: string;
let mesh: Serving;
let proxy: SimulatedProxy;

async function serveShop(name: string, service: string): Promise<void> {
  folder = await temporaryFolder(name);
  path = join(folder, 'mesh.yaml');
  await writeFile(path, SHOP);
  mesh = await serving(folder, path);
  proxy = await mesh.join(service);
}

const put = (content: string | Uint8Array) => writeFile(path, content);

const aliasBomb = `${SHOP}\nx0: &x0 [a, a]\n${Array.from(
  { length: 30 },
  (_, level) => `x${level + 1}: &x${level + 1} [*x${level}, *x${level}]\n`,
).join('')}`;

interface BadDocument {
  readonly what: string;
  /** undefined: the file is deleted. */
  readonly content: string | Uint8Array | undefined;
  /** Each must be in a line of its own that begins with file, line and column. */
  readonly reported: readonly string[];
}

const BAD_DOCUMENTS: readonly BadDocument[] = [
  { what: 'broken', content: `${SHOP}\npolicies: [`, reported: [''] },
  { what: 'truncated', content: SHOP.slice(0, SHOP.indexOf('POST')), reported: [''] },
  { what: 'empty', content: '', reported: ['is empty'] },
  { what: 'deleted', content: undefined, reported: ['does not exist'] },
  {
    what: 'of 10 MB',
    content: `${SHOP}#${'x'.repeat(10_000_000)}\n`,
    reported: ['is 1000', 'at most 1048576'],
  },
  {
    what: 'binary',
    content: Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 0xff]),
    reported: ['is not text'],
  },
  { what: 'not UTF-8', content: Buffer.from([0x6d, 0x3a, 0xff, 0xfe]), reported: ['is not valid UTF-8'] },
  { what: 'an alias bomb', content: aliasBomb, reported: [''] },
  {
    what: 'full of unknown keys',
    content: SHOP.replace('  catalog: {', '  catalog: { prot: 1,').replace('gateways:', 'gatewais:'),
    reported: ['the key "prot" is unknown', 'the key "gatewais" is unknown'],
  },
  {
    what: 'full of dangling names',
    content: SHOP.replace('from: shipping', 'from: shiping').replace('to: payments\n', 'to: paymens\n'),
    reported: ['did you mean "shipping"?', 'did you mean "payments"?'],
  },
  {
    what: 'full of duplicate names',
    content: SHOP.replace('name: customers-order', 'name: customers-browse').replace(
      'gateways:\n',
      '  orders: { port: 1 }\ngateways:\n',
    ),
    reported: ['orders'],
  },
  {
    what: 'full of names that no SPIFFE ID can hold',
    content: SHOP.replace('  catalog:', '  "cata log/..":').replace('  shipping:', '  SHIPPING:'),
    reported: ['"cata log/.."', '"SHIPPING"'],
  },
  {
    what: 'for another trust domain',
    content: SHOP.replace('shop.example #', 'other.example #'),
    reported: ['trustDomain cannot change once an authority exists: it is "shop.example"'],
  },
  {
    what: 'for a mesh of another name',
    content: SHOP.replace('mesh: shop', 'mesh: other'),
    reported: ['it is "shop"'],
  },
];

describe('a document that becomes bad under a running mesh', () => {
  beforeAll(() => serveShop('bad-document', 'edge'));
  afterAll(() => mesh.close());

  it.each(BAD_DOCUMENTS)(
    '$what: changes nothing, is reported whole, and is forgotten when it is good again',
    async ({ content, reported }) => {
      const before = await proxy.held();
      const sent = proxy.received.length;

      await (content === undefined ? rm(path) : put(content));
      const violations = await mesh.refused();
      const status = await mesh.statusVerb();
      expect(status).toMatchObject({ code: 1, stderr: '' });
      for (const violation of violations) {
        expect(violation).toMatch(/^[^:]+mesh\.yaml:\d+:\d+: /);
        expect(violation.length).toBeLessThan(1_000);
        expect(status.stdout).toContain(violation);
      }
      for (const part of reported) expect(violations.join('\n')).toContain(part);
      expect(await proxy.held()).toEqual(before);

      await put(SHOP);
      await mesh.accepted();
      expect(await mesh.statusVerb()).toMatchObject({ code: 0 });
      expect(await proxy.held()).toEqual(before);
      expect(proxy.received).toHaveLength(sent);
    },
  );

  it('has been logged each time', () => {
    const refusals = mesh.logged.filter((line) => line.startsWith('error: document refused'));
    expect(refusals.length).toBeGreaterThanOrEqual(BAD_DOCUMENTS.length);
  });
});

describe('every way to save a document', () => {
  beforeAll(() => serveShop('save-document', 'orders'));
  afterAll(() => mesh.close());

  const WAYS: readonly (readonly [string, (content: string) => Promise<void>])[] = [
    ['in place', put],
    [
      'another file, renamed onto it',
      async (content) => {
        await writeFile(`${path}.new`, content);
        await rename(`${path}.new`, path);
      },
    ],
    [
      'a backup first: the old one renamed away, a new one written',
      async (content) => {
        await rename(path, `${path}~`);
        await writeFile(path, content);
      },
    ],
    [
      'a symbolic link turned to another file',
      async (content) => {
        const target = join(folder, `version-${content.length}`);
        await writeFile(target, content);
        await symlink(target, `${path}.link`);
        await rename(`${path}.link`, path);
      },
    ],
    [
      'deleted, then made again',
      async (content) => {
        await unlink(path);
        await writeFile(path, content);
      },
    ],
  ];

  it.each(WAYS)('%s: is taken once it is whole', async (_, save) => {
    const first = await proxy.held();
    await save(EDITED);
    await expect.poll(() => proxy.held(), { timeout: 10_000 }).not.toEqual(first);
    await save(SHOP);
    await expect.poll(() => proxy.held(), { timeout: 10_000 }).toEqual(first);
  });
});

describe('a folder of several files', () => {
  it('is one document: a file more adds, a broken one changes nothing, and each violation names its file', async () => {
    const root = await temporaryFolder('document-folder');
    const parts = join(root, 'mesh.d');
    await mkdir(parts);
    const [services = '', policies = ''] = SHOP.split(/^(?=policies:)/m);
    await writeFile(join(parts, '1-services.yaml'), services);
    await writeFile(join(parts, '2-policies.yaml'), policies);
    const own = await serving(root, parts);
    const catalog = await own.join('catalog');
    const first = await catalog.held();

    await writeFile(
      join(parts, '3-more.yaml'),
      'policies: [{ name: m, allow: { from: catalog, to: orders } }]\n',
    );
    await expect.poll(() => catalog.held(), { timeout: 10_000 }).not.toEqual(first);
    const more = await catalog.held();
    await writeFile(
      join(parts, '3-more.yaml'),
      'policies: [{ name: m, alow: { from: catalog, to: orders } }]\n',
    );
    expect((await own.refused()).join('\n')).toMatch(/3-more\.yaml:1:\d+: .*did you mean "allow"/);
    expect(await catalog.held()).toEqual(more);
    await rm(join(parts, '3-more.yaml'));
    await expect.poll(() => catalog.held(), { timeout: 10_000 }).toEqual(first);
    await own.close();
  });
});
