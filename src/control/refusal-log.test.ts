import { expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { RefusalLog } from './refusal-log.ts';

const clock = new FakeClock();
const refusal = (nodeId: string, peerAddress = '10.0.0.9', why = 'the token has expired') => ({
  ...{ nodeId, peerAddress, why },
});

it('tells equal refusals once, with how often and when last', () => {
  const log = new RefusalLog(clock);
  log.add(refusal('orders/1'));
  log.add(refusal('payments/1'));
  clock.advance(5_000);
  log.add(refusal('orders/1'));
  expect(log.list()).toEqual([
    { ...refusal('payments/1'), count: 1, at: clock.now() - 5_000 },
    { ...refusal('orders/1'), count: 2, at: clock.now() },
  ]);
});

it('keeps what others suffer through a flood from one address', () => {
  const log = new RefusalLog(clock);
  log.add(refusal('orders/1', '10.0.0.7'));
  for (let n = 0; n < 1_000; n += 1) log.add(refusal(`x/${n}`));
  expect(log.list()).toHaveLength(50);
  expect(log.list()[0]).toMatchObject(refusal('orders/1', '10.0.0.7'));
  expect(log.list().at(-1)).toMatchObject(refusal('x/999'));
});

it('keeps of a node id no more than anybody reads', () => {
  const log = new RefusalLog(clock);
  log.add(refusal('x'.repeat(1_000_000)));
  expect(log.list()[0]?.nodeId).toHaveLength(256);
});
