/** What a store promises when its process is killed: what it confirmed is there, and nothing is there by half. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, expect, it } from 'vitest';
import { throwAwayState } from '../../test/support/throw-away-state.ts';
import type { Store } from './store.ts';

const state = throwAwayState();

/** Each turn writes to every part at once, and says which turn was confirmed. */
const program = `
  const { openStore } = await import(${JSON.stringify(new URL('./store.ts', import.meta.url))});
  const { systemClock } = await import(${JSON.stringify(new URL('../lib/clock.ts', import.meta.url))});
  const store = await openStore(process.argv[1], systemClock, 'server');
  const now = systemClock.now();
  for (let n = Number(process.argv[2]); ; n += 1) {
    const lease = (node) => ({ node, service: 's', address: '10.0.0.1', port: n, serial: String(n), tokenId: 't' + n, replica: 'r', expiresAt: undefined });
    const token = { jti: 't' + n, service: 's', instance: undefined, cidr: undefined, label: undefined, issuedAt: now, expiresAt: now + 3600000 };
    await Promise.all([
      store.documents.save({ digest: 'd' + n, files: ['a', 'b'].map((file) => ({ file, bytes: Buffer.from(String(n)) })) }),
      store.leases.write({ put: [lease('s/1'), lease('s/2')] }),
      store.serials.record({ serial: process.pid + '-' + n, node: 's/1', spiffeId: 'x', authorityId: 'y', issuedAt: now + n, notAfter: now + 3600000 }),
      store.tokens.record(token).then(() => store.tokens.bind(token.jti, { node: 's/1', address: '10.0.0.1' })),
      store.commands.append({ actor: 'a', kind: 'b', payload: { n } }).then((seq) => store.commands.finish(seq, { ok: true, message: undefined })),
    ]);
    console.log(n);
  }
`;

let child: ChildProcess | undefined;
afterEach(() => child?.kill('SIGKILL'));

/** Kills a writer after it confirmed so many turns. Answers the last that it confirmed. */
async function writeUntilKilled(first: number, turns: number): Promise<number> {
  const writer = spawn(
    process.execPath,
    ['--input-type=module', '-e', program, state.folder, String(first)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  child = writer;
  const exited = once(writer, 'exit');
  let confirmed = first - 1;
  for await (const line of createInterface(writer.stdout)) {
    confirmed = Number(line);
    if (confirmed === first + turns - 1) writer.kill('SIGKILL');
  }
  await exited;
  return confirmed;
}

const upTo = (n: number) => Array.from({ length: n }, (_, index) => index + 1);

async function expectWhole(store: Store, confirmed: number): Promise<void> {
  const document = await store.documents.latest();
  const revision = Number(document?.digest.slice(1));
  expect(revision).toBeGreaterThanOrEqual(confirmed);
  expect(document?.files.map(({ file, bytes }) => [file, Number(Buffer.from(bytes))])).toEqual([
    ['a', revision],
    ['b', revision],
  ]);

  const [one, two] = await store.leases.list();
  expect(one?.port).toBeGreaterThanOrEqual(confirmed);
  expect({ ...two, node: 's/1' }).toEqual(one);

  expect(await store.serials.current()).toHaveLength(1);

  const tokens = new Map((await store.tokens.list()).map((token) => [token.jti, token]));
  expect(upTo(confirmed).filter((n) => tokens.get(`t${n}`)?.binding === undefined)).toEqual([]);

  const log = await store.commands.list(0, 10_000);
  expect(log.map(({ seq }) => seq)).toEqual(upTo(log.length));
  const done = new Set(log.filter(({ result }) => result?.ok).map(({ payload }) => payload.n));
  expect(upTo(confirmed).filter((n) => !done.has(n))).toEqual([]);
}

it('a store that is killed while it writes keeps all that it confirmed, and nothing by half', async () => {
  let confirmed = 0;
  for (const turns of [1, 2, 5, 11, 40, 150]) {
    confirmed = await writeUntilKilled(confirmed + 1, turns);
    const store = await state.open('server');
    await expectWhole(store, confirmed);
    await store.close();
  }
  expect(confirmed).toBeGreaterThanOrEqual(209);
}, 60_000);
