import { describe, expect, it } from 'vitest';
import { GRACE_MS, presence, settled } from '../../test/support/presence-under-test.ts';

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
