import { expect, it } from 'vitest';
import { formatDuration, parseDurationMs, roughDuration } from './duration.ts';

it.each([
  ['250ms', 250],
  ['15s', 15_000],
  ['90s', 90_000],
  ['10m', 600_000],
  ['24h', 86_400_000],
  ['7d', 604_800_000],
  ['0s', 0],
])('%s is %d milliseconds', (text, durationMs) => {
  expect(parseDurationMs(text)).toBe(durationMs);
});

it.each(['', '15', 's', '1.5s', '-1s', '1 s', '1w', '1S', '1000000000s'])('%o is no duration', (text) => {
  expect(parseDurationMs(text)).toBeUndefined();
});

it.each([
  [0, '0s'],
  [250, '250ms'],
  [60_000, '1m'],
  [90_000, '90s'],
  [86_400_000, '1d'],
])('%d milliseconds are written %s, exactly', (durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text);
});

it.each([
  [400, '0s'],
  [5_400, '5s'],
  [119_000, '119s'],
  [120_000, '2m'],
  [86_000_000, '23h'],
  [864_000_000, '10d'],
  [-5, '0s'],
])('%d milliseconds are roughly %s', (durationMs, text) => {
  expect(roughDuration(durationMs)).toBe(text);
});
