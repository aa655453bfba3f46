import { expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { silentLogger } from '../lib/logger.ts';
import { createRefusalReporter } from './refusal-reporter.ts';

function reporter() {
  const lines: object[] = [];
  const clock = new FakeClock();
  const report = createRefusalReporter({ ...silentLogger, warn: (fields) => lines.push(fields) }, clock);
  const flood = (times: number, peer = (_: number) => '10.0.0.9') => {
    for (let n = 0; n < times; n += 1) report({ node: `x/${n}`, peer: peer(n), why: 'the token is forged' });
  };
  return { lines, clock, flood };
}

it('logs a few refusals of one peer, then one a minute with the number of those left out', () => {
  const { lines, clock, flood } = reporter();
  flood(1_000);
  expect(lines).toHaveLength(20);
  clock.advance(60_000);
  flood(1_000);
  expect(lines).toHaveLength(21);
  expect(lines[20]).toMatchObject({ peer: '10.0.0.9', why: 'the token is forged', unlogged: 980 });
});

it('still logs what others are refused for', () => {
  const { lines, flood } = reporter();
  flood(1_000);
  flood(1, () => '10.0.0.7');
  expect(lines.at(-1)).toMatchObject({ peer: '10.0.0.7' });
});

it('is not filled by a flood from everywhere', () => {
  const { lines, clock, flood } = reporter();
  for (let second = 0; second < 3_600; second += 10) {
    flood(100, (n) => `10.${second % 250}.1.${n}`);
    clock.advance(10_000);
  }
  expect(lines.length).toBeLessThan(200 + 360 + 1);
});
