/** `portcullis serve` that cannot start as it should says why and what to do, and ends; nothing listens meanwhile. */
import { readFileSync } from 'node:fs';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CliProcess, type CliResult, runCli, spawnCli, words } from '../support/cli.ts';
import { start } from '../support/serving.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { within } from '../support/within.ts';

const SHOP = readFileSync(new URL('../../examples/shop/mesh.yaml', import.meta.url), 'utf8');
const BROKEN = SHOP.replace('from: shipping', 'from: shiping').replace('expect: refused', 'expect: perhaps');
const ANY_PORTS = '--xds 127.0.0.1:0 --admin 127.0.0.1:0';
const ENDS_WITHIN_MS = 15_000;

let cwd: string;
const at = (name: string) => join(cwd, name);

beforeEach(async () => {
  cwd = await temporaryFolder('bad-start');
  await writeFile(at('mesh.yaml'), SHOP);
});

const spawnServe = (options = ANY_PORTS) =>
  spawnCli(words(`serve --mesh mesh.yaml --state state ${options}`), { cwd });

/** Of a start that must fail. */
async function serve(options?: string): Promise<CliResult> {
  const server = spawnServe(options);
  try {
    return await within(ENDS_WITHIN_MS, 'it did not end', server.ended);
  } finally {
    server.child.kill('SIGKILL');
  }
}

/** Once it serves, stops it. */
async function serveAndStop(): Promise<CliResult> {
  const server = spawnServe();
  await said(server, '"msg":"serving"');
  server.child.kill('SIGTERM');
  return within(ENDS_WITHIN_MS, 'it did not end', server.ended);
}

function said({ child, said: saidSoFar, ended }: CliProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', () => saidSoFar().stdout.includes(text) && resolve());
    ended.then(({ stderr }) => reject(new Error(`it ended: ${stderr}`)), reject);
  });
}

const messagesOf = ({ stdout }: CliResult) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).msg as string);

describe('a document that is bad at the start', () => {
  it('and no earlier one: all violations, exit code 1', async () => {
    await writeFile(at('mesh.yaml'), BROKEN);
    const { code, stdout, stderr } = await serve();
    expect(code).toBe(1);
    expect(stdout).toMatch(/^\S+mesh\.yaml:\d+:\d+: .*did you mean "shipping"\?/m);
    expect(stdout).toMatch(/^\S+mesh\.yaml:\d+:\d+: .*"perhaps"/m);
    expect(stderr).toContain('2 violations');
  });

  it('is replaced by the last good one of an earlier run, which it says', async () => {
    expect(await serveAndStop()).toMatchObject({ code: 0, stderr: '' });
    await writeFile(at('mesh.yaml'), BROKEN);
    const again = await serveAndStop();
    expect(again.code).toBe(0);
    expect(messagesOf(again)).toContain('the document is bad; the last good one is in force');
    expect(again.stdout).toContain('did you mean');

    const started = await start(cwd, at('mesh.yaml'));
    expect(started.ok).toBe(true);
    if (!started.ok) return;
    const status = await runCli('status --state state --json', { cwd });
    expect(status.code).toBe(1);
    expect(JSON.parse(status.stdout).document).toMatchObject({
      inForce: { mesh: 'shop' },
      problem: { violations: [expect.stringContaining('did you mean "shipping"?'), expect.anything()] },
    });
    await started.server.close();
  });
});

describe('a port that is taken', () => {
  let taken: Server;
  let address: string;

  beforeAll(async () => {
    taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const found = taken.address();
    address = `127.0.0.1:${typeof found === 'object' ? found?.port : ''}`;
  });

  afterAll(() => void taken.close());

  it.each(['xds', 'admin'])('--%s: names the address and what to do, exit code 1', async (option) => {
    const other = option === 'xds' ? 'admin' : 'xds';
    const { code, stderr } = await serve(`--${option} ${address} --${other} 127.0.0.1:0`);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(address) });
    expect(stderr).toContain('another process listens there');
    expect(stderr).toContain(`--${option}`);
  });
});

describe('a state folder that cannot be trusted', () => {
  beforeEach(async () => {
    expect(await serveAndStop()).toMatchObject({ code: 0 });
  });

  it('a database that others can read is not used, and the message says what to do', async () => {
    await chmod(at('state/state.db'), 0o644);
    const { code, stderr } = await serve();
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(at('state/state.db')) });
    expect(stderr).toContain('chmod 600');
  });

  it('a damaged database is neither used nor replaced', async () => {
    const damaged = (await readFile(at('state/state.db'))).subarray(0, 300);
    await writeFile(at('state/state.db'), damaged);
    const { code, stderr } = await serve();
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/state\.db.*damaged/s) });
    expect(await readFile(at('state/state.db'))).toEqual(damaged);
  });

  it('one that another server has is left to it', async () => {
    const first = spawnServe();
    await said(first, '"msg":"serving"');
    const { code, stderr } = await serve();
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining(`in use by process ${first.child.pid}`),
    });
    first.child.kill('SIGTERM');
    expect(await first.ended).toMatchObject({ code: 0 });
  });

  it("another trust domain than the authority's is refused", async () => {
    await writeFile(at('mesh.yaml'), SHOP.replace('trustDomain: shop.example', 'trustDomain: other.example'));
    const { code, stderr } = await serve();
    expect(code).toBe(1);
    expect(stderr).toContain('the document says "other.example"');
    expect(stderr).toContain('is for "shop.example"');
  });

  it('a folder that others can write is refused', async () => {
    await chmod(at('state'), 0o777);
    const { code, stderr } = await serve();
    expect(code).toBe(1);
    expect(stderr).toContain(at('state'));
  });

  it('a file in its place is said to be one', async () => {
    await rename(at('state'), at('elsewhere'));
    await writeFile(at('state'), '');
    const { code, stderr } = await serve();
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(at('state')) });
  });
});
