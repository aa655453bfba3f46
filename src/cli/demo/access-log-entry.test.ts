import { describe, expect, it } from 'vitest';
import { accessLogEntry } from './access-log-entry.ts';

const INBOUND = {
  log: 'portcullis',
  side: 'inbound',
  service: 'orders',
  time: '2026-05-01T10:00:00.000Z',
  peer: 'spiffe://shop.example/shipping',
  method: 'GET',
  path: '/orders/7',
  status: 403,
  details: 'rbac_access_denied_matched_policy[none]',
};

const entryOf = (change: object = {}) => accessLogEntry(JSON.stringify({ ...INBOUND, ...change }));

describe('an access log line', () => {
  it('of an inbound names the caller by its certificate, and the default by no policy', () => {
    expect(entryOf()).toEqual({
      side: 'inbound',
      time: '2026-05-01T10:00:00.000Z',
      caller: 'shipping',
      callee: 'orders',
      method: 'GET',
      path: '/orders/7',
      status: 403,
      policy: undefined,
      isLocalReply: true,
    });
  });

  it.each([
    ['a policy by its name, not its number', { policy: '0012-orders-pays' }, { policy: 'orders-pays' }],
    ['a status that Envoy wrote as text', { status: '200' }, { status: 200 }],
    ['a caller without a certificate', { peer: undefined }, { caller: 'nobody' }],
    [
      "an outbound's callee by the host",
      { side: 'outbound', host: 'api' },
      { caller: 'orders', callee: 'api' },
    ],
    ['a gateway’s caller as somebody outside', { side: 'gateway' }, { caller: 'outside' }],
    ['an answer of the app as none of its own', { details: 'via_upstream' }, { isLocalReply: false }],
  ])('shows %s', (_, change, expected) => {
    expect(entryOf(change)).toMatchObject(expected);
  });

  it.each([
    ['a line of Envoy itself', '[2026-05-01 10:00:00.000][1][warning] no'],
    ['half a line', '{"log":"portcullis"'],
    ['another program’s JSON', '{"level":30,"msg":"hello"}'],
    ['a TCP connection', JSON.stringify({ ...INBOUND, method: undefined })],
  ])('is none: %s', (_, line) => {
    expect(accessLogEntry(line)).toBeUndefined();
  });
});
