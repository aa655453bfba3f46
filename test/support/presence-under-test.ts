import type { ProbeResult } from '../../src/control/endpoint-probe.ts';
import { type Arrival, Presence } from '../../src/control/presence.ts';
import { FakeClock } from './fake-clock.ts';

export const GRACE_MS = 3_000;
export const HOUR_MS = 3_600_000;

/** Lets everything run that only waits for promises. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Presence with a record of what it did, and dials that answer as the test says. */
export function presence({ allowLoopback = false } = {}) {
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
