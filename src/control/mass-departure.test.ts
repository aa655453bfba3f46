import { expect, it } from 'vitest';
import { isMassDeparture } from './mass-departure.ts';

const left = (count: number, everyMs = 100) => Array.from({ length: count }, (_, index) => index * everyMs);

it.each([
  ['four of ten within a second are', left(4), 10, true],
  ['three of ten are not: it is no more than 30 %', left(3), 10, false],
  ['two of four are not: somebody stops them by hand', left(2), 4, false],
  ['three of four are', left(3), 4, true],
  ['forty of a hundred, one every second, are not', left(40, 1_000), 100, false],
  ['forty of a hundred within ten seconds are', left(40, 250), 100, true],
  ['nobody is not', [], 10, false],
])('%s a mass departure', (_what, departedAt, total, expected) => {
  expect(isMassDeparture(departedAt, total)).toBe(expected);
});

it('is seen whatever the order and whatever left long before', () => {
  expect(isMassDeparture([900_000, 0, 900_100, 900_050, 900_020], 10)).toBe(true);
});
