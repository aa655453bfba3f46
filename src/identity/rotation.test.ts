import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { type Lifespan, Rotation, renewAt } from './rotation.ts';

const start = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;

/** Lets everything run that only waits for promises; issuing in these tests needs no timer and no socket. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('the moment of renewal', () => {
  const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it('lies between 50 and 70 percent of the life since the issuing, however far back it is valid', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e12 }), fraction, (lifeMs, random) => {
        const span = { issuedAt: start, notBefore: start - 300_000, notAfter: start + lifeMs };
        const at = renewAt(span, () => random);
        expect(at).toBeGreaterThanOrEqual(start + lifeMs * 0.5);
        expect(at).toBeLessThanOrEqual(start + lifeMs * 0.7);
      }),
    );
  });
});

describe('the moment of renewal, drawn again in the middle of the life', () => {
  const span = { issuedAt: start, notBefore: start - 300_000, notAfter: start + HOUR_MS };
  const at = (percent: number) => start + (percent * HOUR_MS) / 100;

  it.each([
    ['before the window: all of it', 20, 50, 70],
    ['within the window: what is left of it', 60, 60, 70],
    ['after the window: at once', 80, 80, 80],
  ])('%s', (_, from, earliest, latest) => {
    expect(renewAt(span, () => 0, at(from))).toBe(at(earliest));
    expect(renewAt(span, () => 1, at(from))).toBeCloseTo(at(latest));
  });
});

describe('a rotation', () => {
  interface Numbered extends Lifespan {
    readonly number: number;
  }

  let clock: FakeClock;
  let issued: number;
  let failing: boolean;
  let events: string[];
  let rotation: Rotation<Numbered>;

  beforeEach(() => {
    clock = new FakeClock(start);
    issued = 0;
    failing = false;
    events = [];
    rotation = new Rotation<Numbered>({
      issue: async () => {
        if (failing) throw new Error('no entropy');
        issued += 1;
        const issuedAt = clock.now();
        return { number: issued, issuedAt, notBefore: issuedAt - 300_000, notAfter: issuedAt + HOUR_MS };
      },
      clock,
      random: () => 0,
      onRenewed: ({ number }) => events.push(`renewed ${number}`),
      onFailed: (why) => events.push(`failed: ${why}`),
    });
  });

  /** Moves time minute by minute, as it passes for a process that is awake. */
  async function pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 60_000) {
      clock.advance(Math.min(left, 60_000));
      await settled();
    }
  }

  it('issues once for all who ask at the same time, and tells nobody of the first', async () => {
    const [a, b] = await Promise.all([rotation.current(), rotation.current()]);
    expect(a).toBe(b);
    expect(events).toEqual([]);
  });

  it('renews by itself at the drawn moment, again and again', async () => {
    await rotation.current();
    await pass(29 * 60_000);
    expect(events).toEqual([]);
    await pass(2 * 60_000);
    expect(events).toEqual(['renewed 2']);
    await pass(31 * 60_000);
    expect(events).toEqual(['renewed 2', 'renewed 3']);
  });

  it('keeps the one it has while renewing fails, tries again, and says so each time', async () => {
    const first = await rotation.current();
    failing = true;
    await pass(32 * 60_000);
    expect(events.length).toBeGreaterThan(0);
    expect(new Set(events)).toEqual(new Set(['failed: no entropy']));
    expect(await rotation.current()).toBe(first);
    failing = false;
    await pass(2 * 60_000);
    expect(events.at(-1)).toBe('renewed 2');
  });

  it('hands out nothing that has expired, and recovers', async () => {
    await rotation.current();
    failing = true;
    await pass(HOUR_MS);
    await expect(rotation.current()).rejects.toThrow('no entropy');
    failing = false;
    await pass(60_000);
    expect(events.at(-1)).toBe('renewed 2');
  });

  it('says why the first could not be issued and can be asked again', async () => {
    failing = true;
    await expect(rotation.current()).rejects.toThrow('no entropy');
    failing = false;
    expect(await rotation.current()).toMatchObject({ number: 1 });
  });

  it('renews at once when asked after the process was suspended', async () => {
    await rotation.current();
    clock.advance(0);
    const late = new FakeClock(start + 2 * HOUR_MS);
    clock.now = () => late.now();
    expect(await rotation.current()).toMatchObject({ number: 2 });
  });

  it('renews when the clock was set back so far that the certificate lies in the future', async () => {
    await rotation.current();
    clock.now = () => start - 24 * HOUR_MS;
    expect(await rotation.current()).toMatchObject({ number: 2 });
  });

  it('leaves no timer and tells nobody after it was stopped, not even of one being issued', async () => {
    await rotation.current();
    clock.advance(30 * 60_000);
    rotation.stop();
    await settled();
    expect(events).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });
});
