/** Certificates a second, key included, on one thread: ours and Go's crypto/x509 in turn, in one run. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createAuthority } from '../src/identity/authority.ts';
import { issueSvid } from '../src/identity/svid.ts';
import { systemClock } from '../src/lib/clock.ts';
import { percentile } from './percentiles.ts';

const COUNT = 10_000;
const ROUNDS = 5;
const GO_PROGRAM = fileURLToPath(new URL('./peers/issuing.go', import.meta.url));

async function ours(count: number): Promise<number> {
  const now = systemClock.now();
  const lifetimeMs = 3_600_000;
  const authority = await createAuthority({
    name: 'bench',
    spiffeId: 'spiffe://shop.example',
    lifetimeMs,
    now,
  });
  const start = performance.now();
  for (let issued = 0; issued < count; issued += 1) {
    await issueSvid(authority, { spiffeId: 'spiffe://shop.example/orders', ttlMs: lifetimeMs, now });
  }
  return count / ((performance.now() - start) / 1_000);
}

function goIssues(count: number): number | undefined {
  try {
    return Number(execFileSync('go', ['run', GO_PROGRAM, String(count)], { encoding: 'utf8' }));
  } catch {
    return undefined;
  }
}

export async function issuing(args: readonly string[]): Promise<void> {
  const count = Number(args[0] ?? COUNT);
  await ours(500);
  if (goIssues(1) === undefined) console.log('  Go is not here: only ours is measured');
  const samples: { ours: number[]; go: number[] } = { ours: [], go: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    samples.ours.push(await ours(count));
    const peer = goIssues(count);
    if (peer !== undefined) samples.go.push(peer);
    console.log(`· round ${round + 1} of ${ROUNDS}`);
  }
  const median = (values: readonly number[]) => percentile(values, 0.5);
  console.log(`  ours: ${median(samples.ours).toFixed(0)} certificates a second (median of ${ROUNDS})`);
  if (samples.go.length === 0) return;
  console.log(`  Go:   ${median(samples.go).toFixed(0)} certificates a second`);
  console.log(`  ours / Go: ${(median(samples.ours) / median(samples.go)).toFixed(2)}`);
}
