import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { type Authority, createAuthority } from './authority.ts';
import type { IssuedSerial } from './issued-serials.ts';
import { hasKey, type LiveSvid } from './svid.ts';
import { SvidBook } from './svid-book.ts';

const start = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;
const ORDERS = 'spiffe://shop.example/orders';

/** Lets everything run that only waits for promises; issuing in these tests needs no timer and no socket. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

let authority: Authority;
let clock: FakeClock;
let renewed: [string, LiveSvid][];
let recorded: IssuedSerial[];
let diskIsFull: boolean;
let book: SvidBook;

/** A book as a process opens it that finds these certificates issued. */
function openBook(issued: readonly IssuedSerial[]): SvidBook {
  return new SvidBook({
    authority,
    issued,
    serials: {
      async record(serial) {
        await settled();
        if (diskIsFull) throw new Error('the disk is full');
        recorded.push(serial);
      },
    },
    ttlMs: HOUR_MS,
    clock,
    random: () => 0,
    onRenewed: (nodeId, svid) => renewed.push([nodeId, svid]),
    onFailed: () => {},
  });
}

beforeAll(async () => {
  authority = await createAuthority({
    name: 't',
    spiffeId: 'spiffe://shop.example',
    lifetimeMs: 1000 * HOUR_MS,
    now: start,
  });
});

beforeEach(() => {
  clock = new FakeClock(start);
  renewed = [];
  recorded = [];
  diskIsFull = false;
  book = openBook([]);
});

async function pass(minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute += 1) {
    clock.advance(60_000);
    await settled();
    await settled();
  }
}

describe('the book of SVIDs', () => {
  it('gives a proxy that comes back the serial that it left with', async () => {
    const first = await book.svidFor('orders/1', ORDERS);
    expect(await book.svidFor('orders/1', ORDERS)).toBe(first);
  });

  it('gives each instance of a service a certificate of its own', async () => {
    const [one, two] = await Promise.all([
      book.svidFor('orders/1', ORDERS),
      book.svidFor('orders/2', ORDERS),
    ]);
    expect(one.serial).not.toBe(two.serial);
    expect(one.spiffeId).toBe(two.spiffeId);
  });

  it('tells which proxy gets the successor, and hands the successor out from then on', async () => {
    const first = await book.svidFor('orders/1', ORDERS);
    await pass(30);
    expect(renewed.map(([nodeId]) => nodeId)).toEqual(['orders/1']);
    const successor = await book.svidFor('orders/1', ORDERS);
    expect(successor).toBe(renewed[0]?.[1]);
    expect(successor.serial).not.toBe(first.serial);
  });

  it('never hands out a certificate of another identity than asked for', async () => {
    await book.svidFor('orders/1', ORDERS);
    const other = await book.svidFor('orders/1', 'spiffe://shop.example/payments');
    expect(other.spiffeId).toBe('spiffe://shop.example/payments');
    expect(clock.pendingTimers).toBe(1);
  });

  it('forgets a proxy together with its renewal', async () => {
    const first = await book.svidFor('orders/1', ORDERS);
    book.forget('orders/1');
    book.forget('never-seen/1');
    expect(clock.pendingTimers).toBe(0);
    expect((await book.svidFor('orders/1', ORDERS)).serial).not.toBe(first.serial);
  });

  it('stops all renewal at once', async () => {
    await Promise.all(['orders/1', 'orders/2'].map((nodeId) => book.svidFor(nodeId, ORDERS)));
    book.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it('refuses an identity outside the trust domain', async () => {
    await expect(book.svidFor('orders/1', 'spiffe://evil.example/orders')).rejects.toThrow(
      'is for the trust domain',
    );
  });
});

describe('the record of what was issued', () => {
  it('is written before the certificate is handed out', async () => {
    const svid = await book.svidFor('orders/1', ORDERS);
    const { serial, issuedAt, notAfter } = svid;
    const authorityId = authority.id;
    expect(recorded).toEqual([
      { node: 'orders/1', serial, spiffeId: ORDERS, authorityId, issuedAt, notAfter },
    ]);
  });

  it('has to be there: what cannot be recorded is not handed out, and asking again helps once it can', async () => {
    diskIsFull = true;
    await expect(book.svidFor('orders/1', ORDERS)).rejects.toThrow('the disk is full');
    diskIsFull = false;
    expect(recorded).toEqual([]);
    expect((await book.svidFor('orders/1', ORDERS)).serial).toBe(recorded[0]?.serial);
  });
});

describe('after a restart', () => {
  const restart = async (change: Partial<IssuedSerial> = {}) => {
    const { serial } = await book.svidFor('orders/1', ORDERS);
    book.stop();
    book = openBook([{ ...(recorded[0] as IssuedSerial), ...change }]);
    return serial;
  };

  it('a proxy that holds the recorded serial keeps it, without a key and without a new record', async () => {
    const serial = await restart();
    const svid = await book.svidFor('orders/1', ORDERS, serial);
    expect([svid.serial, hasKey(svid), recorded.length]).toEqual([serial, false, 1]);
    expect(await book.svidFor('orders/1', ORDERS, serial)).toBe(svid);
  });

  it('it is renewed in its time', async () => {
    await book.svidFor('orders/1', ORDERS);
    await pass(20);
    const serial = await restart();
    await book.svidFor('orders/1', ORDERS, serial);
    await pass(9);
    expect(renewed).toEqual([]);
    await pass(1);
    expect(renewed).toMatchObject([
      ['orders/1', { serial: recorded[1]?.serial, issuedAt: start + HOUR_MS / 2 }],
    ]);
  });

  it.each([
    ['no certificate', undefined],
    ['another certificate', '0a'],
  ])('a proxy that holds %s gets a new one', async (_, held) => {
    const serial = await restart();
    const svid = await book.svidFor('orders/1', ORDERS, held);
    expect([hasKey(svid), svid.serial === serial, recorded.length]).toEqual([true, false, 2]);
  });

  it('a proxy that kept its certificate and lost it later gets a new one, and keeps that', async () => {
    const serial = await restart();
    await book.svidFor('orders/1', ORDERS, serial);
    const next = await book.svidFor('orders/1', ORDERS);
    expect(hasKey(next)).toBe(true);
    expect(await book.svidFor('orders/1', ORDERS, serial)).toBe(next);
  });

  it('a proxy that lost its certificate gets none while a new one cannot be recorded', async () => {
    const serial = await restart();
    await book.svidFor('orders/1', ORDERS, serial);
    diskIsFull = true;
    await expect(book.svidFor('orders/1', ORDERS)).rejects.toThrow('the disk is full');
    expect((await book.svidFor('orders/1', ORDERS, serial)).serial).toBe(serial);
  });

  it.each<[string, Partial<IssuedSerial>]>([
    ['of another identity', { spiffeId: 'spiffe://shop.example/payments' }],
    ["of an authority that is not the mesh's any more", { authorityId: 'ff' }],
    ['that has ended', { notAfter: start }],
    ['of a time to come', { issuedAt: start + HOUR_MS, notAfter: start + 2 * HOUR_MS }],
    ['that is due for renewal', { issuedAt: start - 8 * HOUR_MS, notAfter: start + 2 * HOUR_MS }],
  ])('a certificate %s is replaced', async (_, change) => {
    const serial = await restart(change);
    const svid = await book.svidFor('orders/1', ORDERS, serial);
    expect([hasKey(svid), svid.serial === serial]).toEqual([true, false]);
  });
});
