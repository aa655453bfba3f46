import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { Presence } from './presence.ts';

function presence(allowLoopback = false) {
  const clock = new FakeClock();
  const changed: string[] = [];
  const book = new Presence({
    clock,
    graceMs: 3_000,
    allowLoopback,
    onChanged: (service) => changed.push(service),
  });
  return { clock, changed, book };
}

describe('presence', () => {
  it('makes an instance an endpoint at the address that it really comes from', () => {
    const { book, changed } = presence();
    book.arrive('orders/1', 'orders', '10.0.0.5', 15006);
    expect(book.endpoints().get('orders')).toEqual([
      { address: '10.0.0.5', port: 15006, weight: 1, zone: undefined },
    ]);
    expect(changed).toEqual(['orders']);
  });

  it('says nothing new when an instance comes back to where it was within its grace', () => {
    const { book, changed, clock } = presence();
    book.arrive('orders/1', 'orders', '10.0.0.5', 15006);
    book.depart('orders/1');
    clock.advance(2_000);
    book.arrive('orders/1', 'orders', '10.0.0.5', 15006);
    clock.advance(60_000);
    expect(book.endpoints().get('orders')).toHaveLength(1);
    expect(changed).toEqual(['orders']);
  });

  it('forgets an instance whose grace is over', () => {
    const { book, changed, clock } = presence();
    book.arrive('orders/1', 'orders', '10.0.0.5', 15006);
    book.depart('orders/1');
    clock.advance(2_999);
    expect(book.endpoints().get('orders')).toHaveLength(1);
    clock.advance(1);
    expect(book.endpoints().has('orders')).toBe(false);
    expect(changed).toEqual(['orders', 'orders']);
  });

  it('moves an instance that comes back from another address', () => {
    const { book, changed } = presence();
    book.arrive('orders/1', 'orders', '10.0.0.5', 15006);
    book.arrive('orders/1', 'orders', '10.0.0.6', 15006);
    expect(
      book
        .endpoints()
        .get('orders')
        ?.map(({ address }) => address),
    ).toEqual(['10.0.0.6']);
    expect(changed).toEqual(['orders', 'orders']);
  });

  it('lists instances in the order of their names, whoever came first', () => {
    const { book } = presence();
    book.arrive('orders/2', 'orders', '10.0.0.6', 15006);
    book.arrive('orders/1', 'orders', '10.0.0.5', 15006);
    expect(
      book
        .endpoints()
        .get('orders')
        ?.map(({ address }) => address),
    ).toEqual(['10.0.0.5', '10.0.0.6']);
  });

  it.each(['127.0.0.1', '::1', '169.254.1.1', 'fe80::1'])('never sends callers to %s', (address) => {
    const { book, changed } = presence();
    book.arrive('orders/1', 'orders', address, 15006);
    expect(book.endpoints().size).toBe(0);
    expect(changed).toEqual([]);
    expect(book.refusal(address)).toContain(address);
  });

  it('takes loopback when the whole mesh is on this machine, but never link-local', () => {
    const { book } = presence(true);
    book.arrive('orders/1', 'orders', '127.0.0.1', 15006);
    book.arrive('orders/2', 'orders', '169.254.1.1', 15006);
    expect(book.endpoints().get('orders')).toHaveLength(1);
  });
});
