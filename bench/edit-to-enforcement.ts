/**
 * How long it takes from the moment that the document is on disk until the real Envoy enforces it: a policy is added
 * and removed in turn, and the call that it is about is made every 2 ms over kept-alive connections.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { startWorld } from '../src/cli/demo/world.ts';
import { findEnvoy } from '../src/cli/envoy-binary.ts';
import { systemClock } from '../src/lib/clock.ts';
import { summary } from './percentiles.ts';

const FLIPS = 500;
const POLL_MS = 2;
const GIVE_UP_MS = 10_000;

const POLICY = `  - name: bench-reads-invoices
    allow: { from: shipping, to: orders, methods: [GET], paths: ["/orders/*/invoice"] }
`;

const agent = new Agent({ keepAlive: true });

function statusThrough(outbound: string): Promise<number> {
  const { hostname, port } = new URL(outbound);
  const path = 'http://orders/orders/7/invoice';
  return new Promise((resolve, reject) => {
    const call = request({ hostname, port, path, headers: { host: 'orders' }, agent }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    call.on('error', reject);
    call.end();
  });
}

async function untilStatus(outbound: string, expected: number, since: number): Promise<number> {
  while (performance.now() - since < GIVE_UP_MS) {
    if ((await statusThrough(outbound)) === expected) return performance.now() - since;
    await sleep(POLL_MS);
  }
  throw new Error(`status ${expected} did not come within ${GIVE_UP_MS} ms`);
}

export async function editToEnforcement(args: readonly string[]): Promise<void> {
  const flips = Number(args[0] ?? FLIPS);
  const { path: envoy } = await findEnvoy(process.env);
  const world = await startWorld({
    envoy,
    clock: systemClock,
    narrate: (line) => console.log(`· ${line}`),
    onAccessLog: () => {},
    onFailure: (why) => console.error(why),
  });
  try {
    const { mesh, proxies } = world.ready;
    const outbound = proxies.shipping?.outbound ?? '';
    const denied = await readFile(mesh, 'utf8');
    const allowed = denied.replace(/^policies:[^\n]*\n/m, (line) => line + POLICY);
    const samples: Record<'allow' | 'deny', number[]> = { allow: [], deny: [] };
    for (let flip = 0; flip < flips; flip += 1) {
      const allow = flip % 2 === 0;
      await writeFile(mesh, allow ? allowed : denied);
      const tookMs = await untilStatus(outbound, allow ? 200 : 403, performance.now());
      samples[allow ? 'allow' : 'deny'].push(tookMs);
      if (flip % 50 === 49) console.log(`· ${flip + 1} of ${flips} flips`);
    }
    console.log(`edit to enforcement at the real Envoy, polled every ${POLL_MS} ms`);
    console.log(`  all:   ${summary([...samples.allow, ...samples.deny])}`);
    console.log(`  allow: ${summary(samples.allow)}`);
    console.log(`  deny:  ${summary(samples.deny)}`);
  } finally {
    agent.destroy();
    await world.stop();
  }
}
