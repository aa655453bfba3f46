import { expect, it } from 'vitest';
import { parseSpiffeId, spiffeIdOf } from './spiffe-id.ts';

it('reads back the identity of a service', () => {
  expect(parseSpiffeId(spiffeIdOf('shop.example', 'orders'))).toEqual({
    trustDomain: 'shop.example',
    path: '/orders',
  });
});

it('reads a trust domain, and paths of several segments', () => {
  expect(parseSpiffeId('spiffe://shop.example')).toEqual({ trustDomain: 'shop.example', path: '' });
  expect(parseSpiffeId('spiffe://shop.example/team-1/Job_2')).toMatchObject({ path: '/team-1/Job_2' });
});

it.each([
  ['https://shop.example/orders', 'must start with "spiffe://"'],
  ['spiffe://', 'the trust domain may hold only'],
  ['spiffe://Shop.example/orders', 'the trust domain may hold only'],
  ['spiffe://shop.example:8443/orders', 'the trust domain may hold only'],
  ['spiffe://user@shop.example/orders', 'the trust domain may hold only'],
  ['spiffe://shop.example/', 'the path segment ""'],
  ['spiffe://shop.example/a//b', 'the path segment ""'],
  ['spiffe://shop.example/a/../b', 'the path segment ".."'],
  ['spiffe://shop.example/a%2fb', 'the path segment "a%2fb"'],
  ['spiffe://shop.example/a?b', 'the path segment "a?b"'],
  [`spiffe://shop.example/${'a'.repeat(2048)}`, 'longer than 2048 bytes'],
])('%s is no SPIFFE ID', (text, why) => {
  expect(() => parseSpiffeId(text)).toThrow(why);
});
