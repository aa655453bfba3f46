import { describe, expect, it } from 'vitest';
import { type Json, structOf } from '../proto/well-known-types.ts';
import type { Proxy } from './proxy.ts';
import { metadataOf, proxyFromMetadata } from './proxy-metadata.ts';

const proxy: Proxy = {
  kind: 'service',
  service: 'orders',
  instance: '1',
  inbound: { address: '10.0.0.1', port: 15006 },
  outbound: { address: '127.0.0.1', port: 15001 },
  bindAddress: '0.0.0.0',
  portMap: new Map([[8080, 18080]]),
};

const name = { kind: 'service', service: 'orders', instance: '1' } as const;
const written = metadataOf(proxy).portcullis as { readonly [key: string]: Json };

const parse = (changes: { readonly [key: string]: Json | undefined }) =>
  proxyFromMetadata(name, structOf({ portcullis: { ...written, ...changes } }));

describe('node metadata', () => {
  it('is read back as it was written', () => {
    expect(proxyFromMetadata(name, structOf(metadataOf(proxy)))).toEqual({ ok: true, proxy });
  });

  it('of a gateway has no inbound and no outbound', () => {
    const gateway: Proxy = { ...proxy, kind: 'gateway', inbound: undefined, outbound: undefined };
    const parsed = proxyFromMetadata({ ...name, kind: 'gateway' }, structOf(metadataOf(gateway)));
    expect(parsed).toEqual({ ok: true, proxy: gateway });
  });

  it.each([
    ['an outbound that others can reach', { outbound: { address: '0.0.0.0', port: 1 } }, /loopback/],
    ['a host name', { inbound: { address: 'orders', port: 1 } }, /must be an IP address/],
    ['a port out of range', { inbound: { address: '10.0.0.1', port: 70_000 } }, /inbound\.port/],
    ['a port map that leads back into the sidecar', { portMap: { 8080: 15006 } }, /sidecar itself/],
    ['a port map without end', { portMap: manyPorts() }, /at most 64/],
    ['a key that is no port', { portMap: { '8080 ': 1 } }, /portMap/],
    ['a service without an inbound', { inbound: undefined }, /needs "inbound"/],
    ['a key that nobody knows', { admin: true }, /admin/],
    ['another kind than the document says', { kind: 'gateway' }, /written for a gateway/],
  ])('with %s is refused', (_what, changes, why) => {
    expect(parse(changes)).toEqual({ ok: false, why: expect.stringMatching(why) });
  });

  it('that is missing means the built-in ports on loopback, so that a hand-written bootstrap works', () => {
    expect(proxyFromMetadata(name, undefined)).toMatchObject({
      ok: true,
      proxy: {
        inbound: { address: '127.0.0.1', port: 15006 },
        outbound: { address: '127.0.0.1', port: 15001 },
      },
    });
  });

  it('is refused with a reason of bounded length, whatever was sent', () => {
    const parsed = parse({ kind: 'x'.repeat(100_000), portMap: { ['9'.repeat(100_000)]: 1 } });
    expect(parsed.ok ? '' : parsed.why).toSatisfy((why: string) => why.length > 0 && why.length < 1_000);
  });
});

function manyPorts(): { readonly [key: string]: Json } {
  return Object.fromEntries(Array.from({ length: 65 }, (_, i) => [String(i + 1), 20_000]));
}
