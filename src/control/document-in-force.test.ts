import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HEAD } from '../../test/support/mesh-text.ts';
import { systemClock } from '../lib/clock.ts';
import { silentLogger } from '../lib/logger.ts';
import type { SourceFile } from '../mesh/source.ts';
import { DocumentInForce, type LastGoodStore } from './document-in-force.ts';

const GOOD = `${HEAD}services: { orders: { port: 8080 } }\n`;
const BETTER = `${HEAD}services: { orders: { port: 9090 } }\n`;
const BROKEN = `${HEAD}services: { orders: { port: 99999 } }\n`;

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'document-in-force-'));
  path = join(folder, 'mesh.yaml');
});

afterEach(() => rm(folder, { recursive: true }));

function memoryStore(
  files?: readonly SourceFile[],
): LastGoodStore & { saved: readonly SourceFile[] | undefined } {
  return {
    saved: files,
    async load() {
      return this.saved;
    },
    async save(next) {
      this.saved = next;
    },
  };
}

function documentAt(lastGood = memoryStore()) {
  return new DocumentInForce({ path, clock: systemClock, logger: silentLogger, lastGood });
}

const portOf = (document: DocumentInForce) => document.state?.mesh.services.get('orders')?.ports[0]?.port;

describe('the document in force', () => {
  it('is taken when it is good, told of, and kept for the next start', async () => {
    await writeFile(path, GOOD);
    const store = memoryStore();
    const document = documentAt(store);
    await document.start();
    const told: number[] = [];
    document.onChanged(({ revision }) => told.push(revision));
    await writeFile(path, BETTER);
    await document.reload();
    expect([portOf(document), told, store.saved?.length]).toEqual([9090, [2], 1]);
  });

  it('stays when the one on disk is broken, with every violation told, until that is mended', async () => {
    await writeFile(path, GOOD);
    const document = documentAt();
    await document.start();
    await writeFile(path, BROKEN);
    await document.reload();
    expect(portOf(document)).toBe(8080);
    expect(document.problem?.violations).toHaveLength(1);
    await writeFile(path, GOOD);
    await document.reload();
    expect([document.problem, document.state?.revision]).toEqual([undefined, 1]);
  });

  it('stays when the file is deleted', async () => {
    await writeFile(path, GOOD);
    const document = documentAt();
    await document.start();
    await rm(path);
    await document.reload();
    expect([portOf(document), document.problem?.violations.length]).toEqual([8080, 1]);
  });

  it.each([
    ['trustDomain', GOOD.replace(/trustDomain: .*/, 'trustDomain: elsewhere.example')],
    ['mesh', GOOD.replace(/mesh: .*/, 'mesh: elsewhere')],
  ])('stays when %s changes, since identities are bound to it', async (_key, changed) => {
    await writeFile(path, GOOD);
    const document = documentAt();
    await document.start();
    await writeFile(path, changed);
    await document.reload();
    expect(document.state?.revision).toBe(1);
    expect(document.problem?.violations[0]?.message).toContain('cannot change');
  });

  it('is the last good one of an earlier run when a start finds a broken one, and says so', async () => {
    await writeFile(path, BROKEN);
    const document = documentAt(memoryStore([{ file: path, bytes: Buffer.from(GOOD) }]));
    await document.start();
    expect([portOf(document), document.problem?.violations.length]).toEqual([8080, 1]);
  });

  it('is none when there never was a good one', async () => {
    await writeFile(path, BROKEN);
    const document = documentAt();
    await document.start();
    expect([document.state, document.problem?.violations.length]).toEqual([undefined, 1]);
  });

  it('is in force although it cannot be kept', async () => {
    await writeFile(path, GOOD);
    const full: LastGoodStore = {
      load: async () => undefined,
      save: () => Promise.reject(new Error('no space left on device')),
    };
    const document = new DocumentInForce({ path, clock: systemClock, logger: silentLogger, lastGood: full });
    await document.start();
    expect(portOf(document)).toBe(8080);
  });
});
