import { expect, test } from 'vitest';
import { closest } from './suggest.ts';

const NAMES = ['orders', 'payments', 'shipping', 'catalog'];

test.each([
  ['order', 'orders'],
  ['oders', 'orders'],
  ['roders', 'orders'],
  ['Payments', 'payments'],
  ['paymnets', 'payments'],
  ['shiping', 'shipping'],
])('%s was meant to be %s', (written, meant) => {
  expect(closest(written, NAMES)).toBe(meant);
});

test.each(['edge', 'x', '', 'ledger', 'o'.repeat(100)])('nothing is near "%s"', (written) => {
  expect(closest(written, NAMES)).toBeUndefined();
});

test('of two that are near, the nearer is meant', () => {
  expect(closest('orders-v2', ['orders-v1', 'orders-v22', 'orders-v2'])).toBe('orders-v2');
});
