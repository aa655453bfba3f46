import { expect, it } from 'vitest';
import { liveLine } from './live-view.ts';

const plain = { style: (text: string) => text };
const LINE = {
  log: 'portcullis',
  side: 'inbound',
  service: 'payments',
  time: '2026-11-22T10:00:00.123Z',
  peer: 'spiffe://shop.example/orders',
  method: 'GET',
  path: '/payments/7',
  status: 200,
  details: 'via_upstream',
  policy: '0001-orders-takes-payments',
};

const shown = (change: object, since = 0) => liveLine(plain, JSON.stringify({ ...LINE, ...change }), since);

it('a call is one line: when, what came of it, who asked whom for what, and which policy decided', () => {
  expect(shown({})).toBe(
    '10:00:00.123  200  orders → payments: GET /payments/7  allowed by orders-takes-payments',
  );
});

it.each([
  [{ status: 403, policy: '0002-no-refunds' }, 'denied by no-refunds'],
  [{ status: 403, policy: undefined }, 'denied by default'],
  [{ status: 400, policy: undefined }, 'refused'],
  [{ status: 503 }, 'failed'],
  [{ status: 0 }, 'failed'],
  [{ policy: undefined }, 'answered'],
])('%o is shown as %s', (change, verdict) => {
  expect(shown(change)).toMatch(new RegExp(`  ${verdict}$`));
});

it("the caller's half of a call is not shown again, unless its own sidecar answered", () => {
  expect(shown({ side: 'outbound', service: 'orders', host: 'payments' })).toBeUndefined();
  const unknown = {
    side: 'outbound',
    service: 'orders',
    host: 'nobody',
    status: 403,
    details: 'direct_response',
  };
  expect(shown({ ...unknown, policy: undefined })).toContain(
    'orders → nobody: GET /payments/7  denied by default',
  );
});

it('calls of before are not news', () => {
  expect(shown({}, Date.parse(LINE.time) + 1)).toBeUndefined();
  expect(shown({}, Date.parse(LINE.time))).toBeDefined();
});

it.each(['', '[2026-11-22 10:00:00.123][warning] something', '{}', '{"log":"other"}', '{"log":'])(
  '%o is no call',
  (line) => {
    expect(liveLine(plain, line, 0)).toBeUndefined();
  },
);

it('a path cannot move the cursor', () => {
  expect(shown({ path: '/\u001b[2J' })).toContain('GET /\ufffd[2J');
});
