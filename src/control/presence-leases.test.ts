import { describe, expect, it } from 'vitest';
import { HOUR_MS, presence, settled } from '../../test/support/presence-under-test.ts';
import type { Lease } from '../store/leases.ts';
import type { Arrival } from './presence.ts';

describe('what is written down', () => {
  it('is written before an instance is an endpoint, so that no restart can take back what callers were told', async () => {
    const { arrive, addresses, disk, journal } = presence();
    let written = () => {};
    disk.written = new Promise((resolve) => {
      written = resolve;
    });
    await arrive();
    expect([journal, addresses()]).toEqual([['+orders/1 10.0.0.5 s1'], []]);
    written();
    await settled();
    expect(addresses()).toEqual(['10.0.0.5']);
  });

  it('is not written again by who comes back with the same certificate, but once it is renewed', async () => {
    const { arrive, book, journal } = presence();
    await arrive();
    book.depart('orders/1');
    await arrive();
    expect(journal).toEqual(['+orders/1 10.0.0.5 s1']);
    await arrive({ serial: 's2' });
    expect(journal).toEqual(['+orders/1 10.0.0.5 s1', '+orders/1 10.0.0.5 s2']);
  });

  it('goes when the instance goes, or moves', async () => {
    const { arrive, book, journal } = presence();
    await arrive();
    await arrive({ address: '10.0.0.6' });
    book.remove('orders/1');
    expect(journal.slice(1)).toEqual(['-orders/1', '+orders/1 10.0.0.6 s1', '-orders/1']);
  });

  it('goes as well when the instance leaves while it is being written', async () => {
    const { arrive, addresses, book, disk, journal } = presence();
    disk.written = new Promise(() => {});
    await arrive();
    book.depart('orders/1');
    expect([journal, addresses()]).toEqual([['+orders/1 10.0.0.5 s1', '-orders/1'], []]);
  });
});

describe('after a restart', () => {
  const RETURN_MS = 15_000;
  const restored = (count: number, options = {}) => {
    const parts = presence(options);
    const leases: Lease[] = Array.from({ length: count }, (_, index) => ({
      ...{ node: `orders/${index}`, service: 'orders', address: `10.0.0.${index}`, port: 15006 },
      ...{ serial: `s${index}`, tokenId: 'token', replica: 'r', expiresAt: parts.clock.now() + HOUR_MS },
    }));
    parts.book.restore(leases);
    const comesBack = (index: number, change: Partial<Arrival> = {}) =>
      parts.arrive({ ...(leases[index] as Lease), notAfter: parts.clock.now() + HOUR_MS, ...change });
    return { ...parts, comesBack };
  };

  it('whoever was an endpoint is one from the first moment', () => {
    const { addresses, book } = restored(2);
    expect(addresses()).toEqual(['10.0.0.0', '10.0.0.1']);
    expect(book.list()[0]).toMatchObject({ state: 'leaving', problem: expect.stringContaining('not seen') });
  });

  it('nobody vanishes, nobody is frozen and nothing is written while all come back', async () => {
    const { book, clock, comesBack, changed, frozen, journal } = restored(10);
    for (let index = 0; index < 10; index += 1) {
      book.connected();
      await comesBack(index);
      clock.advance(1_000);
    }
    clock.advance(60_000);
    expect([changed, frozen, journal]).toEqual([[], [], []]);
    expect(new Set(book.list().map(({ state, problem }) => problem ?? state))).toEqual(new Set(['present']));
  });

  it('whoever died meanwhile goes when its time to come back is over', async () => {
    const { book, clock, comesBack, addresses, journal } = restored(4);
    book.connected();
    for (const index of [0, 1, 2]) await comesBack(index);
    clock.advance(RETURN_MS - 1);
    expect(addresses()).toHaveLength(4);
    clock.advance(1);
    expect([addresses(), journal]).toEqual([['10.0.0.0', '10.0.0.1', '10.0.0.2'], ['-orders/3']]);
  });

  it('as long as nobody comes back at all, everybody is waited for, however few they are', async () => {
    const { book, clock, comesBack, addresses, frozen } = restored(2);
    clock.advance(HOUR_MS / 2);
    expect([addresses().length, frozen]).toEqual([2, []]);
    book.connected();
    await comesBack(0);
    clock.advance(RETURN_MS);
    expect(addresses()).toEqual(['10.0.0.0']);
  });

  it('many that stay away are frozen, and go when enough are back', async () => {
    const { book, clock, comesBack, addresses, frozen } = restored(10);
    book.connected();
    for (const index of [0, 1, 2, 3, 4]) await comesBack(index);
    clock.advance(RETURN_MS);
    expect([addresses().length, frozen]).toEqual([10, [true]]);
    for (const index of [5, 6]) await comesBack(index);
    expect([addresses().length, frozen]).toEqual([7, [true, false]]);
  });

  it('who is frozen goes when its certificate ends, for nobody would talk to it any more', async () => {
    const { book, clock, comesBack, addresses } = restored(10);
    book.connected();
    for (const index of [0, 1, 2, 3, 4]) await comesBack(index, { notAfter: clock.now() + 2 * HOUR_MS });
    clock.advance(HOUR_MS - 60_000);
    expect(addresses()).toHaveLength(10);
    clock.advance(2 * 60_000);
    expect(addresses()).toHaveLength(5);
  });

  it('an instance that took the place of another shows that the other is gone', async () => {
    const { arrive, book, addresses, journal } = restored(10);
    book.connected();
    await arrive({ node: 'orders/new', address: '10.0.0.7', serial: 'n' });
    expect(addresses()).toHaveLength(10);
    expect(journal).toEqual(['+orders/new 10.0.0.7 n', '-orders/7']);
  });

  it('an instance that comes back elsewhere is proven there first', async () => {
    const { book, comesBack, addresses, dialled } = restored(1);
    book.connected();
    await comesBack(0, { address: '10.0.0.9' });
    expect([addresses(), dialled]).toEqual([['10.0.0.9'], ['10.0.0.9 s0']]);
  });

  it('an instance is forgotten at an address that may be none any more', () => {
    const { book, journal } = presence();
    const lease = { node: 'orders/1', service: 'orders', address: '127.0.0.1', port: 15006, serial: 's' };
    book.restore([{ ...lease, tokenId: 'token', replica: 'r', expiresAt: undefined }]);
    expect([book.list(), journal]).toEqual([[], ['-orders/1']]);
  });
});
