import { beforeEach, describe, expect, it } from 'vitest';
import { throwAwayState } from '../../test/support/throw-away-state.ts';
import type { Lease } from './leases.ts';
import type { Store } from './store.ts';

const state = throwAwayState();
let store: Store;
/** Of another process, as it were. */
let other: Store;

beforeEach(async () => {
  store = await state.open();
  other = await state.open();
});

const files = (text: string) => [{ file: 'mesh.yaml', bytes: Buffer.from(text) }];

describe('the last good document', () => {
  it('comes back byte for byte, with a revision that only a change moves on', async () => {
    const bytes = Uint8Array.from([0, 255, 10, 195]);
    const document = { digest: 'd1', files: [{ file: 'b.yaml', bytes }, ...files('x')] };
    expect(await store.documents.latest()).toBeUndefined();
    expect(await store.documents.save(document)).toEqual({ ok: true, revision: 1 });
    expect(await other.documents.save(document)).toEqual({ ok: true, revision: 1 });
    const latest = await other.documents.latest();
    expect(latest).toMatchObject({ digest: 'd1', revision: 1 });
    expect(latest?.files.map((file) => ({ ...file, bytes: Uint8Array.from(file.bytes) }))).toEqual([
      { file: 'b.yaml', bytes },
      { file: 'mesh.yaml', bytes: Uint8Array.from(Buffer.from('x')) },
    ]);
  });

  it('is replaced by one of many that saw the same revision; the others learn of it', async () => {
    await store.documents.save({ digest: 'd0', files: files('0') });
    const saves = Array.from({ length: 20 }, (_, n) =>
      (n % 2 ? store : other).documents.save({ digest: `d${n + 1}`, files: files(`${n}`) }, 1),
    );
    const results = await Promise.all(saves);
    expect(results.filter(({ ok }) => ok)).toEqual([{ ok: true, revision: 2 }]);
    expect(results.filter(({ ok }) => !ok)).toHaveLength(19);
    expect(new Set(results.map(({ revision }) => revision))).toEqual(new Set([2]));
  });
});

describe('leases', () => {
  const lease = (node: string, more: Partial<Lease> = {}): Lease => ({
    node,
    service: 'orders',
    address: '10.0.0.7',
    port: 15006,
    serial: '0a',
    tokenId: 'jti',
    replica: 'r1',
    expiresAt: undefined,
    ...more,
  });
  const nodes = async () => (await store.leases.list()).map(({ node }) => node);

  it('last as long as their stream, and after it until their time by the clock', async () => {
    const ending = lease('orders/2', { expiresAt: state.clock.now() + 5_000 });
    await store.leases.write({ put: [ending, lease('orders/1')] });
    expect(await other.leases.list()).toEqual([lease('orders/1'), ending]);
    state.clock.advance(4_999);
    expect(await nodes()).toEqual(['orders/1', 'orders/2']);
    state.clock.advance(1);
    expect(await nodes()).toEqual(['orders/1']);
  });

  it('outlive their replica for the grace period, unless they are put again', async () => {
    await store.leases.write({
      put: [lease('orders/1'), lease('orders/2'), lease('orders/3', { replica: 'r2' })],
    });
    await store.leases.orphan('r1', state.clock.now() + 5_000);
    await store.leases.write({ put: [lease('orders/2')] });
    state.clock.advance(5_000);
    expect(await nodes()).toEqual(['orders/2', 'orders/3']);
  });

  it('are not given longer by orphaning than they had', async () => {
    await store.leases.write({ put: [lease('orders/1', { expiresAt: state.clock.now() + 1_000 })] });
    await store.leases.orphan('r1', state.clock.now() + 60_000);
    state.clock.advance(1_000);
    expect(await nodes()).toEqual([]);
  });

  it('that another replica took over are not removed by the one that had them', async () => {
    await store.leases.write({ put: [lease('orders/1')] });
    await store.leases.write({ put: [lease('orders/1', { replica: 'r2' })] });
    await store.leases.write({ remove: [{ node: 'orders/1', replica: 'r1' }] });
    expect(await nodes()).toEqual(['orders/1']);
    await store.leases.write({ remove: [{ node: 'orders/1', replica: 'r2' }] });
    expect(await nodes()).toEqual([]);
  });

  it('are written all or none', async () => {
    const broken = lease('orders/2', { port: 'http' as never });
    await expect(store.leases.write({ put: [lease('orders/1'), broken] })).rejects.toMatchObject({
      code: 'ERR_STATE',
    });
    expect(await nodes()).toEqual([]);
  });
});

describe('serials', () => {
  const issued = (node: string, serial: string, issuedAt = state.clock.now()) => ({
    node,
    serial,
    spiffeId: 'spiffe://shop.example/orders',
    authorityId: 'ab',
    issuedAt,
    notAfter: issuedAt + 60_000,
  });

  it('are known, the newest of each node, until they end or are forgotten', async () => {
    const now = state.clock.now();
    const newer = issued('orders/1', '02', now + 30_000);
    const [second, third] = [issued('orders/2', '03'), issued('orders/3', '04')];
    for (const one of [issued('orders/1', '01'), second, newer, third]) await store.serials.record(one);
    expect(await other.serials.current()).toEqual([newer, second, third]);
    await store.serials.forget('orders/3');
    expect(await store.serials.current()).toEqual([newer, second]);
    state.clock.advance(60_000);
    expect(await store.serials.current()).toEqual([newer]);
  });
});

describe('tokens', () => {
  const record = (jti: string) => ({
    jti,
    service: 'orders',
    instance: undefined,
    cidr: '10.0.0.0/8',
    label: undefined,
    issuedAt: state.clock.now(),
    expiresAt: state.clock.now() + 30_000,
  });
  const home = { node: 'orders/1', address: '10.0.0.7' };

  it('are revoked once and for good, as everybody sees', async () => {
    await store.tokens.record(record('a'));
    expect(await store.tokens.revoke('a')).toEqual(['a']);
    expect(await other.tokens.revoke('a')).toEqual([]);
    expect(await store.tokens.revoke('unknown')).toEqual([]);
    await store.tokens.record(record('a'));
    const known = { ...record('a'), revokedAt: state.clock.now(), binding: undefined };
    expect(await other.tokens.get('a')).toEqual(known);
    expect(await other.tokens.list()).toEqual([known]);
  });

  it('are bound to the first of many nodes that come with them at once', async () => {
    await store.tokens.record(record('a'));
    const comers = Array.from({ length: 20 }, (_, n) => ({ node: `orders/${n}`, address: '10.0.0.7' }));
    const bound = await Promise.all(
      comers.map((comer, n) => (n % 2 ? store : other).tokens.bind('a', comer)),
    );
    expect(new Set(bound.map(({ node }) => node)).size).toBe(1);
    expect((await store.tokens.get('a'))?.binding).toEqual(bound[0]);
  });

  it('follow their node to another address', async () => {
    await store.tokens.record(record('a'));
    await store.tokens.bind('a', home);
    const moved = { node: 'orders/1', address: '10.0.0.8' };
    expect(await store.tokens.bind('a', moved)).toEqual(moved);
    expect(await store.tokens.bind('a', { ...home, node: 'orders/2' })).toEqual(moved);
  });

  it('pass their binding on to their successors, and are revoked with all of them', async () => {
    await store.tokens.record(record('a'));
    await store.tokens.bind('a', home);
    const successors = [
      { ...record('a1'), predecessor: 'a' },
      { ...record('a2'), predecessor: 'a' },
      { ...record('a11'), predecessor: 'a1' },
    ];
    for (const successor of [...successors, record('b')]) await store.tokens.record(successor);
    expect((await other.tokens.get('a11'))?.binding).toEqual(home);
    expect((await other.tokens.get('b'))?.binding).toBeUndefined();
    expect(await store.tokens.retire('a2')).toBe(true);
    expect([...(await store.tokens.revoke('a'))].sort()).toEqual(['a', 'a1', 'a11']);
    expect((await other.tokens.get('b'))?.revokedAt).toBeUndefined();
  });

  it('that are retired leave their successors good; what is renewed from a revoked one is none', async () => {
    await store.tokens.record(record('a'));
    await store.tokens.record({ ...record('a1'), predecessor: 'a' });
    expect(await store.tokens.retire('a')).toBe(true);
    expect(await other.tokens.retire('a')).toBe(false);
    expect((await store.tokens.get('a1'))?.revokedAt).toBeUndefined();
    await store.tokens.record({ ...record('a2'), predecessor: 'a' });
    expect((await store.tokens.get('a2'))?.revokedAt).toBe(state.clock.now());
  });

  it('that nobody recorded cannot be bound', async () => {
    await expect(store.tokens.bind('x', home)).rejects.toThrow('knows no token "x"');
  });

  it('are listed for 30 days after they expired, with their bindings', async () => {
    await store.tokens.record(record('a'));
    await store.tokens.bind('a', home);
    state.clock.advance(30 * 86_400_000);
    await store.tokens.record(record('b'));
    expect(await store.tokens.list()).toHaveLength(2);
    state.clock.advance(30_000);
    await store.tokens.record(record('c'));
    expect((await store.tokens.list()).map(({ jti }) => jti)).toEqual(['b', 'c']);
  });
});

describe('a watch', () => {
  const revoke = (by: Store) => by.tokens.revoke('a');

  it("hears of this process's changes at once, of others' with the next look, of nothing else", async () => {
    const heard: number[] = [];
    await store.tokens.record({
      jti: 'a',
      service: 'orders',
      instance: undefined,
      cidr: undefined,
      label: undefined,
      issuedAt: 0,
      expiresAt: state.clock.now() + 1,
    });
    const watch = store.changes.watch('tokens', (revision) => heard.push(revision));
    await revoke(other);
    expect(heard).toEqual([]);
    state.clock.advance(500);
    expect(heard).toEqual([2]);
    await store.tokens.bind('a', { node: 'orders/1', address: '10.0.0.7' });
    expect(heard).toEqual([2, 3]);
    await revoke(store); // it was revoked before: no change
    await store.commands.append({ actor: 'a', kind: 'b', payload: {} });
    state.clock.advance(10_000);
    expect(heard).toEqual([2, 3]);
    watch.stop();
    expect(state.clock.pendingTimers).toBe(0);
  });
});
