import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { silentLogger } from '../lib/logger.ts';
import { LeaseJournal } from './lease-journal.ts';

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

function journal() {
  const clock = new FakeClock();
  const disk = { isFull: false };
  const writes: string[] = [];
  const errors: string[] = [];
  const book = new LeaseJournal({
    leases: {
      async write({ put = [], remove = [] }) {
        await settled();
        if (disk.isFull) throw new Error('the disk is full');
        writes.push(
          [
            ...put.map(({ node, serial }) => `+${node} ${serial}`),
            ...remove.map(({ node }) => `-${node}`),
          ].join(', '),
        );
      },
    },
    replica: 'r',
    clock,
    logger: { ...silentLogger, error: (_, message) => errors.push(message) },
  });
  const keep = (node: string, serial = 's') => {
    const kept = { isDone: false };
    const place = { service: 'orders', address: '10.0.0.5', port: 15006 };
    void book.keep({ node, ...place, serial, tokenId: 'token', expiresAt: undefined }).then(() => {
      kept.isDone = true;
    });
    return kept;
  };
  const pass = async (ms: number) => {
    clock.advance(ms);
    await settled();
    await settled();
    await settled();
  };
  return { book, clock, disk, writes, errors, keep, pass };
}

describe('the journal of leases', () => {
  it('writes a thousand changes of a moment at once, and tells each that it is durable', async () => {
    const { keep, pass, writes } = journal();
    const kept = Array.from({ length: 1_000 }, (_, index) => keep(`orders/${index}`));
    await pass(49);
    expect(writes).toEqual([]);
    await pass(1);
    expect([writes.length, writes[0]?.split(', ').length]).toEqual([1, 1_000]);
    expect(kept.every(({ isDone }) => isDone)).toBe(true);
  });

  it('writes nothing when nothing changes', async () => {
    const { clock, keep, pass, writes } = journal();
    keep('orders/1');
    await pass(50);
    await pass(3_600_000);
    expect([writes, clock.pendingTimers]).toEqual([['+orders/1 s'], 0]);
  });

  it('writes only the last word on a node', async () => {
    const { book, keep, pass, writes } = journal();
    keep('orders/1', 'old');
    keep('orders/1', 'new');
    keep('orders/2');
    book.drop('orders/2');
    await pass(50);
    expect(writes).toEqual(['+orders/1 new, -orders/2']);
  });

  it('writes what changes during a write after it', async () => {
    const { book, clock, keep, pass, writes } = journal();
    keep('orders/1');
    clock.advance(50);
    book.drop('orders/1');
    await pass(0);
    await pass(50);
    expect(writes).toEqual(['+orders/1 s', '-orders/1']);
  });

  it('tries again what could not be written, newer changes on top, and lets nobody wait for it', async () => {
    const { book, disk, errors, keep, pass, writes } = journal();
    disk.isFull = true;
    const kept = keep('orders/1');
    keep('orders/2');
    await pass(50);
    expect([kept.isDone, errors.length]).toEqual([true, 1]);
    book.drop('orders/2');
    disk.isFull = false;
    await pass(1_000);
    expect(writes).toEqual(['+orders/1 s, -orders/2']);
  });

  it('writes what is left when it is closed, also what comes during a write', async () => {
    const { book, clock, keep, writes } = journal();
    keep('orders/1');
    clock.advance(50);
    keep('orders/2');
    await book.close();
    expect([writes, clock.pendingTimers]).toEqual([['+orders/1 s', '+orders/2 s'], 0]);
  });
});
