import { expect, it } from 'vitest';
import { isLinkLocal, isLoopback } from './peer-address.ts';

it('tells loopback and link-local addresses from others', () => {
  expect(['127.0.0.1', '127.9.9.9', '::1'].every(isLoopback)).toBe(true);
  expect(['169.254.0.9', 'fe80::1'].every(isLinkLocal)).toBe(true);
  expect(['10.0.0.5', '2001:db8::1'].some((address) => isLoopback(address) || isLinkLocal(address))).toBe(
    false,
  );
});
