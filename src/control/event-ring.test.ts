import { expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { EventRing } from './event-ring.ts';

const left = (node: string) => ({ kind: 'left', node, why: 'the client left' }) as const;

it('keeps the newest thousand, numbered', () => {
  const clock = new FakeClock();
  const ring = new EventRing(clock);
  expect(ring).toMatchObject({ newest: 0 });
  for (let n = 1; n <= 1_500; n += 1) ring.record(left(`a/${n}`));
  const kept = ring.after(0);
  expect(kept).toHaveLength(1_000);
  expect(kept[0]).toEqual({ seq: 501, at: clock.now(), ...left('a/501') });
  expect(ring.after(1_499)).toMatchObject([{ seq: 1_500 }]);
  expect(ring.after(1_500)).toEqual([]);
});

it('tells all to who knows numbers of an earlier start', () => {
  const ring = new EventRing(new FakeClock());
  ring.record(left('a/1'));
  expect(ring.after(700)).toHaveLength(1);
});

it('tells each as it comes, until nobody listens', () => {
  const ring = new EventRing(new FakeClock());
  const heard: number[] = [];
  const end = ring.subscribe(({ seq }) => heard.push(seq));
  ring.record(left('a/1'));
  end();
  ring.record(left('a/1'));
  expect(heard).toEqual([1]);
});
