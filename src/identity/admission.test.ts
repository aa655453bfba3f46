import { describe, expect, it } from 'vitest';
import { admit } from './admission.ts';

const peerAddress = '10.1.2.3';

describe('a proxy with a verified token', () => {
  it('is let in as an instance of the service that the token is for', () => {
    expect(admit({ claims: { sub: 'orders' }, nodeId: 'orders/1', peerAddress })).toEqual({
      ok: true,
      node: { service: 'orders', instance: '1' },
    });
  });

  it.each([
    ['another service', 'payments/1'],
    ['a service whose name begins the same', 'orders2/1'],
    ['no instance', 'orders/'],
    ['no service', '/1'],
    ['two slashes', 'orders/1/2'],
    ['a path upwards', 'orders/../payments'],
    ['a line feed at the end', 'orders/1\n'],
    ['a line feed inside', 'orders/1\nlevel=info admitted'],
    ['a NUL', 'orders/1\0'],
    ['nothing', ''],
    ['a megabyte', `orders/${'1'.repeat(1_000_000)}`],
  ])('is refused as a node with %s, and the reason is one short line', (_, nodeId) => {
    const verdict = admit({ claims: { sub: 'orders' }, nodeId, peerAddress });
    expect(verdict).toMatchObject({ ok: false, why: expect.stringMatching(/^.{1,200}$/) });
  });

  it('is refused as another instance than its token is bound to', () => {
    const claims = { sub: 'orders', instance: '1' };
    expect(admit({ claims, nodeId: 'orders/1', peerAddress })).toMatchObject({ ok: true });
    expect(admit({ claims, nodeId: 'orders/2', peerAddress })).toEqual({
      ok: false,
      why: 'node "orders/2" came with a token for "orders/1"',
    });
  });

  it.each([
    ['10.0.0.0/8', '10.1.2.3', true],
    ['10.0.0.0/8', '11.1.2.3', false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['10.0.0.0/8', '::ffff:11.1.2.3', false],
    ['10.1.2.3/32', '10.1.2.3', true],
    ['0.0.0.0/0', '11.1.2.3', true],
    ['fd00::/8', 'fd12::1', true],
    ['fd00::/8', 'fe80::1', false],
    ['10.0.0.0/8', 'unknown', false],
    ['10.0.0.0/8', '', false],
    ['not a range', '10.1.2.3', false],
  ])('bound to %s is, from %s, let in: %s', (cidr, address, ok) => {
    expect(admit({ claims: { sub: 'orders', cidr }, nodeId: 'orders/1', peerAddress: address }).ok).toBe(ok);
  });
});
