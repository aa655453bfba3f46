import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { ProbeResult } from './endpoint-probe.ts';
import type { Lease } from './lease-journal.ts';
import { type Arrival, Presence } from './presence.ts';

const GRACE_MS = 3_000;
const HOUR_MS = 3_600_000;

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

function presence({ allowLoopback = false } = {}) {
  const clock = new FakeClock();
  const changed: string[] = [];
  const frozen: boolean[] = [];
  const dialled: string[] = [];
  const journal: string[] = [];
  const disk = { written: Promise.resolve() };
  const answers: { next: ProbeResult } = { next: { ok: true } };
  const book = new Presence({
    clock,
    graceMs: GRACE_MS,
    allowLoopback,
    leases: {
      keep({ node, address, serial }) {
        journal.push(`+${node} ${address} ${serial}`);
        return disk.written;
      },
      drop: (node) => journal.push(`-${node}`),
    },
    async probe({ address, serial }) {
      dialled.push(`${address} ${serial}`);
      return answers.next;
    },
    onChanged: (service) => changed.push(service),
    onFrozen: (isFrozen) => frozen.push(isFrozen),
  });
  const arrive = async (change: Partial<Arrival> = {}) => {
    book.arrive({
      node: 'orders/1',
      service: 'orders',
      address: '10.0.0.5',
      port: 15006,
      serial: 's1',
      notAfter: clock.now() + HOUR_MS,
      tokenId: 'token',
      ...change,
    });
    await settled();
  };
  const addresses = () =>
    book
      .endpoints()
      .get('orders')
      ?.map(({ address }) => address) ?? [];
  return { clock, changed, frozen, dialled, journal, disk, answers, book, arrive, addresses };
}

describe('an instance that arrives', () => {
  it('is an endpoint once a dial shows the certificate issued to it', async () => {
    const { arrive, addresses, changed, dialled } = presence();
    const arriving = arrive();
    expect(addresses()).toEqual([]);
    await arriving;
    expect([addresses(), changed, dialled]).toEqual([['10.0.0.5'], ['orders'], ['10.0.0.5 s1']]);
  });

  it('is none as long as the dial shows something else, is dialled again, and says why', async () => {
    const { arrive, addresses, answers, book, clock } = presence();
    answers.next = { ok: false, why: 'another certificate' };
    await arrive();
    expect([addresses(), book.list()[0]]).toMatchObject([
      [],
      { state: 'proving', problem: 'another certificate' },
    ]);
    answers.next = { ok: true };
    clock.advance(250);
    await settled();
    expect(addresses()).toEqual(['10.0.0.5']);
  });

  it.each(['127.0.0.1', '::1', '169.254.1.1', 'fe80::1'])(
    'is never dialled nor an endpoint at %s',
    async (address) => {
      const { arrive, book, dialled } = presence();
      await arrive({ address });
      expect([book.endpoints().size, dialled]).toEqual([0, []]);
      expect(book.list()[0]?.problem).toContain(address);
    },
  );

  it('may be on loopback when the whole mesh is on this machine, but never link-local', async () => {
    const { arrive, addresses } = presence({ allowLoopback: true });
    await arrive({ address: '127.0.0.1' });
    await arrive({ node: 'orders/2', address: '169.254.1.1' });
    expect(addresses()).toEqual(['127.0.0.1']);
  });

  it('stands in the order of names, whoever came first', async () => {
    const { arrive, addresses } = presence();
    await arrive({ node: 'orders/2', address: '10.0.0.6' });
    await arrive();
    expect(addresses()).toEqual(['10.0.0.5', '10.0.0.6']);
  });

  it('with a renewed certificate is dialled again, and stays an endpoint while a problem is told', async () => {
    const { arrive, addresses, answers, book, changed } = presence();
    await arrive();
    answers.next = { ok: false, why: 'another certificate' };
    await arrive({ serial: 's2' });
    expect([addresses(), book.list()[0]?.problem, changed]).toEqual([
      ['10.0.0.5'],
      'another certificate',
      ['orders'],
    ]);
  });
});

describe('an instance whose stream ends', () => {
  it('stays an endpoint for its grace, then goes', async () => {
    const { arrive, addresses, book, clock, changed } = presence();
    await arrive();
    book.depart('orders/1');
    clock.advance(GRACE_MS - 1);
    expect(addresses()).toEqual(['10.0.0.5']);
    clock.advance(1);
    expect([addresses(), changed]).toEqual([[], ['orders', 'orders']]);
  });

  it('is as if it had never left when it comes back in time', async () => {
    const { arrive, addresses, book, clock, changed } = presence();
    await arrive();
    book.depart('orders/1');
    clock.advance(GRACE_MS - 1);
    await arrive();
    clock.advance(60_000);
    expect([addresses(), changed]).toEqual([['10.0.0.5'], ['orders']]);
  });

  it('moves when it comes back from elsewhere, once it is proven there', async () => {
    const { arrive, addresses, changed } = presence();
    await arrive();
    await arrive({ address: '10.0.0.6' });
    expect([addresses(), changed]).toEqual([['10.0.0.6'], ['orders', 'orders', 'orders']]);
  });

  it('goes at once when it is removed', async () => {
    const { arrive, addresses, book } = presence();
    await arrive();
    book.remove('orders/1');
    expect(addresses()).toEqual([]);
  });
});

describe('a fleet that vanishes together', () => {
  const fleet = async (size: number) => {
    const parts = presence();
    for (let index = 0; index < size; index += 1) {
      await parts.arrive({ node: `orders/${index}`, address: `10.0.0.${index}` });
    }
    return parts;
  };

  it('is not believed: nobody is removed, and an alarm is raised', async () => {
    const { book, clock, addresses, frozen } = await fleet(10);
    for (let index = 0; index < 4; index += 1) book.depart(`orders/${index}`);
    clock.advance(600_000);
    expect([addresses().length, frozen, book.isFrozen]).toEqual([10, [true], true]);
  });

  it('is believed of those who stay away once enough are back', async () => {
    const { book, clock, addresses, arrive, frozen } = await fleet(10);
    for (let index = 0; index < 4; index += 1) book.depart(`orders/${index}`);
    clock.advance(60_000);
    await arrive({ node: 'orders/0', address: '10.0.0.0' });
    expect([addresses().length, frozen]).toEqual([7, [true, false]]);
  });

  it('is believed of instances that are stopped one after the other', async () => {
    const { book, clock, addresses, frozen } = await fleet(10);
    for (let index = 0; index < 6; index += 1) {
      book.depart(`orders/${index}`);
      clock.advance(11_000);
    }
    expect([addresses().length, frozen]).toEqual([4, []]);
  });
});

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
