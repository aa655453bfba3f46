import { expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { RateLimit } from './rate-limit.ts';

function limit(maxKeys = 10) {
  const clock = new FakeClock();
  const limited = new RateLimit({ clock, burst: 3, refillMs: 1_000, maxKeys });
  const spend = (key: string, times: number) => Array.from({ length: times }, () => limited.take(key));
  return { clock, limited, spend };
}

it('lets a burst through, and then one after each refill', () => {
  const { clock, limited, spend } = limit();
  expect(limited.isSpent('a')).toBe(false);
  expect(spend('a', 4)).toEqual([true, true, true, false]);
  expect(limited.isSpent('a')).toBe(true);
  clock.advance(999);
  expect(spend('a', 1)).toEqual([false]);
  clock.advance(1);
  expect(limited.isSpent('a')).toBe(false);
  expect(spend('a', 2)).toEqual([true, false]);
});

it('never saves up more than a burst', () => {
  const { clock, spend } = limit();
  spend('a', 3);
  clock.advance(3_600_000);
  expect(spend('a', 4)).toEqual([true, true, true, false]);
});

it('counts each key for itself', () => {
  const { spend } = limit();
  expect(spend('a', 4)).toContain(false);
  expect(spend('b', 3)).not.toContain(false);
});

it('forgets the key that was counted longest ago when there are too many', () => {
  const { limited, spend } = limit(2);
  spend('a', 3);
  spend('b', 3);
  expect(limited.isSpent('a')).toBe(true);
  spend('c', 1);
  expect(limited.isSpent('b')).toBe(false);
  expect(limited.isSpent('a')).toBe(true);
});

it('is no more generous when the clock is set back', () => {
  const { clock, spend } = limit();
  spend('a', 3);
  clock.advance(-86_400_000);
  expect(spend('a', 1)).toEqual([false]);
  clock.advance(1_000);
  expect(spend('a', 1)).toEqual([true]);
});
