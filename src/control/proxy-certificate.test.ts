import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { hasKey, type LiveSvid } from '../identity/svid.ts';
import { silentLogger } from '../lib/logger.ts';
import { type Holding, ProxyCertificate } from './proxy-certificate.ts';

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

const held: LiveSvid = {
  spiffeId: 'spiffe://shop.example/orders',
  ...{ serial: 'old', issuedAt: 0, notBefore: 0, notAfter: 1 },
};
const fresh: LiveSvid = { ...held, serial: 'new', certificatePem: 'CERTIFICATE', privateKeyPem: 'KEY' };

let clock: FakeClock;
let asked: (string | undefined)[];
let problem: string | undefined;
/** What was published, in order: the serial, `?` for "not known". */
let published: string[];
let certificate: ProxyCertificate;

/** As after a restart: the one that was issued before is known, without its key. */
function open(holding?: Holding): ProxyCertificate {
  return new ProxyCertificate({
    node: 'orders/1',
    holding,
    async find(serial) {
      asked.push(serial);
      await settled();
      if (problem !== undefined) throw new Error(problem);
      return serial === 'old' ? held : fresh;
    },
    onChanged: () => published.push(certificate.svid?.serial ?? '?'),
    clock,
    logger: silentLogger,
  });
}

const first = (heldSerial?: string) => certificate.asked({ isForIt: true, heldSerial });
const again = () => certificate.asked({ isForIt: true, heldSerial: undefined });
const other = () => certificate.asked({ isForIt: false, heldSerial: undefined });
const found = async () => {
  for (let turn = 0; turn < 5; turn += 1) await settled();
};

beforeEach(() => {
  clock = new FakeClock();
  asked = [];
  problem = undefined;
  published = [];
  certificate = open();
});

describe('the certificate of a proxy', () => {
  it('is not looked for before the proxy has asked for secrets', async () => {
    certificate.search();
    await found();
    expect([asked, published]).toEqual([[], []]);
  });

  it('is the one that it holds', async () => {
    first('old');
    await found();
    expect([published, hasKey(certificate.svid as LiveSvid)]).toEqual([['old'], false]);
  });

  it('is another with its key if the proxy holds none', async () => {
    first();
    await found();
    expect([published, hasKey(certificate.svid as LiveSvid)]).toEqual([['new'], true]);
  });

  it('is not known any more as soon as the proxy asks for it anew, until there is one with its key', async () => {
    first('old');
    await found();
    again();
    expect(published).toEqual(['old', '?']);
    await found();
    expect(published).toEqual(['old', '?', 'new']);
    again();
    await found();
    expect(asked).toEqual(['old', undefined]);
  });

  it('stays the one that it holds when it asks for other secrets', async () => {
    first('old');
    other();
    await found();
    other();
    await found();
    expect(published).toEqual(['old']);
  });

  it('is found for a proxy that asks for other secrets first', async () => {
    other();
    await found();
    expect(published).toEqual(['new']);
  });

  it.each([
    ['two streams that differ', () => [first('old'), first()]],
    ['two streams that differ, the other way round', () => [first(), first('old')]],
    ['one stream that asks twice', () => [first('old'), again()]],
  ])('has its key for %s, even while it is looked for', async (_, ask) => {
    ask();
    await found();
    expect(published).toEqual(['new']);
  });

  it('has its key if an older stream of the node, which may still wait, had none', async () => {
    first();
    certificate.close();
    const older = certificate.holding;
    certificate = open(older);
    first('old');
    await found();
    expect(published).toEqual(['new']);
  });

  it('is tried again when none can be issued, once in a while, however often it is asked for', async () => {
    problem = 'the disk is full';
    first();
    await found();
    again();
    again();
    await found();
    expect([asked.length, clock.pendingTimers]).toEqual([1, 1]);
    problem = undefined;
    clock.advance(1_000);
    await found();
    expect(published).toEqual(['new']);
  });

  it('is of no interest after the stream has ended', async () => {
    first();
    certificate.close();
    await found();
    expect(published).toEqual([]);
  });
});
