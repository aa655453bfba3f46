import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { HEAD } from '../../test/support/mesh-text.ts';
import { loadMesh, readDocument } from './read.ts';
import { formatViolation } from './violation.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-mesh-'));
  file = join(folder, 'mesh.yaml');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs until the reading ends; `betweenReads` happens after each read, before the clock lets the next one begin. */
async function during<Result>(
  reading: (clock: FakeClock) => Promise<Result>,
  betweenReads: (read: number) => void = () => {},
): Promise<Result> {
  const clock = new FakeClock();
  let ended = false;
  const result = reading(clock).finally(() => {
    ended = true;
  });
  for (let read = 1; ; read++) {
    await Promise.race([clock.timerSet(), result]);
    if (ended) return result;
    betweenReads(read);
    clock.advance(20);
  }
}

const read = (path: string, betweenReads?: (read: number) => void) =>
  during((clock) => readDocument(path, clock), betweenReads);

async function refusalOf(path: string, betweenReads?: (read: number) => void): Promise<string> {
  const document = await read(path, betweenReads);
  return document.ok ? 'accepted' : document.violations.map(formatViolation).join('\n');
}

test('a file that stands still is taken after two reads', async () => {
  writeFileSync(file, HEAD);
  let reads = 0;
  const document = await read(file, () => {
    reads += 1;
  });
  expect(document).toMatchObject({ ok: true, files: [{ file }] });
  expect(reads).toBe(1);
});

test('a file that is being written is taken when it is whole, never cut short', async () => {
  const whole = `${HEAD}services: { orders: { port: 80 } }\n`;
  writeFileSync(file, '');
  const document = await read(file, (step) => writeFileSync(file, whole.slice(0, step * 10)));
  expect(document.ok && new TextDecoder().decode(document.files[0]?.bytes)).toBe(whole);
});

test('a file that is replaced may be away for a moment', async () => {
  writeFileSync(file, HEAD);
  const document = await read(file, (step) =>
    step === 1 ? rmSync(file) : writeFileSync(file, `${HEAD}#\n`),
  );
  expect(document.ok).toBe(true);
});

test('a file that never stands still is said to be written', async () => {
  writeFileSync(file, '');
  const refusal = await refusalOf(file, (step) => writeFileSync(file, `# ${step}`));
  expect(refusal).toContain('is being written all the time');
});

test('a folder is its YAML files in name order, without those that editors hide', async () => {
  for (const name of ['b.yml', 'a.yaml', '.#a.yaml', 'a.yaml~', 'notes.txt']) {
    writeFileSync(join(folder, name), name === 'a.yaml' ? HEAD : 'services: { orders: { port: 80 } }\n');
  }
  const loaded = await during((clock) => loadMesh(folder, clock));
  expect(loaded.ok && loaded.files.map((each) => each.file)).toEqual([
    join(folder, 'a.yaml'),
    join(folder, 'b.yml'),
  ]);
  expect(loaded.ok && [...loaded.mesh.services.keys()]).toEqual(['orders']);
});

test('the digest is of names and contents', async () => {
  const digests = new Set<string>();
  for (const [name, text] of [
    ['a.yaml', 'x: 1'],
    ['a.yaml', 'x: 2'],
    ['b.yaml', 'x: 2'],
  ] as const) {
    rmSync(join(folder, 'a.yaml'), { force: true });
    writeFileSync(join(folder, name), text);
    const document = await read(folder);
    if (document.ok) digests.add(document.digest);
  }
  expect(digests.size).toBe(3);
});

test('what is wrong in a document is told with the path that was given', async () => {
  writeFileSync(file, 'version: 1\nmesh: shop\n');
  const loaded = await during((clock) => loadMesh(file, clock));
  expect(loaded.ok ? [] : loaded.violations.map(formatViolation)).toEqual([
    `${file}:1:1: "trustDomain" is missing (add "trustDomain: …")`,
  ]);
});

test('what cannot be read says why', async () => {
  expect(await refusalOf(file)).toContain(`${file}:1:1: does not exist`);
  expect(await refusalOf(folder)).toContain('is a folder without *.yaml or *.yml files');

  writeFileSync(file, new Uint8Array(10_000_000));
  expect(await refusalOf(file)).toContain('is 10000000 bytes: at most 1048576 are read');
  expect(await refusalOf(join(file, 'mesh.yaml'))).toContain('does not exist: a part of its path is a file');

  symlinkSync('loop.yaml', join(folder, 'loop.yaml'));
  expect(await refusalOf(join(folder, 'loop.yaml'))).toContain('is a symbolic link that leads to itself');

  mkdirSync(join(folder, 'sub', 'mesh.yaml'), { recursive: true });
  expect(await refusalOf(join(folder, 'sub'))).toContain('is neither a file nor a folder');
});

test('a pipe or a device is refused instead of read for ever', async () => {
  const pipe = join(folder, 'pipe.yaml');
  execFileSync('mkfifo', [pipe]);
  expect(await refusalOf(pipe)).toContain('is neither a file nor a folder');
  expect(await refusalOf('/dev/zero')).toContain('is neither a file nor a folder');
});
