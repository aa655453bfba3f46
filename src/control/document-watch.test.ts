import { mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { systemClock } from '../lib/clock.ts';
import { DocumentWatch } from './document-watch.ts';

let folder: string;
let open: DocumentWatch | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'document-watch-'));
});

afterEach(async () => {
  open?.close();
  await rm(folder, { recursive: true });
});

/** Resolves with the next notice after the act; the runner's time limit is the bound. */
async function noticed(path: string, act: () => Promise<void>): Promise<void> {
  let notice: () => void = () => {};
  const next = new Promise<void>((resolve) => {
    notice = resolve;
  });
  open = new DocumentWatch({
    path,
    clock: systemClock,
    pollMs: 20,
    settleMs: 1,
    onMaybeChanged: () => notice(),
  });
  await act();
  await next;
}

describe('watching the document', () => {
  it('notices an editor that writes in place', async () => {
    const path = join(folder, 'mesh.yaml');
    await writeFile(path, 'version: 1\n');
    await noticed(path, () => writeFile(path, 'version: 1\nmesh: shop\n'));
  });

  it('notices an editor that writes another file and renames it over this one', async () => {
    const path = join(folder, 'mesh.yaml');
    await writeFile(path, 'version: 1\n');
    await noticed(path, async () => {
      await writeFile(`${path}.swap`, 'version: 1\n# new\n');
      await rename(`${path}.swap`, path);
    });
  });

  it('notices a symbolic link that is turned to another file', async () => {
    const path = join(folder, 'mesh.yaml');
    await writeFile(join(folder, 'old'), 'version: 1\n');
    await writeFile(join(folder, 'new'), 'version: 1\n# new\n');
    await symlink('old', path);
    await noticed(path, async () => {
      await unlink(path);
      await symlink('new', path);
    });
  });

  it('notices a file that appears where there was none', async () => {
    const path = join(folder, 'mesh.yaml');
    await noticed(path, () => writeFile(path, 'version: 1\n'));
  });

  it('notices a file added to a folder', async () => {
    await writeFile(join(folder, 'a.yaml'), 'version: 1\n');
    await noticed(folder, () => writeFile(join(folder, 'b.yaml'), 'policies: []\n'));
  });
});
