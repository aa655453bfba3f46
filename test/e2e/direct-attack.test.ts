/**
 * Every verdict of the shop, not as a polite caller meets it, whose own sidecar says no, but as an attacker on the
 * network does: straight at the callee's inbound listener, with a valid certificate of the caller and with all others.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callDirectly, type DirectCall } from '../../src/cli/demo/direct-call.ts';
import { type ClientIdentity, foreignIdentity } from '../../src/cli/demo/identities.ts';
import { callThroughProxy } from '../../src/cli/verbs/call.ts';
import { parseAuthority } from '../../src/identity/authority.ts';
import type { AuthorityUse } from '../../src/identity/authority-store.ts';
import { issueSvid } from '../../src/identity/svid.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { openStore } from '../../src/store/store.ts';
import { type Shop, type ShopCall, startShop } from '../support/shop.ts';

const SERVICES = ['catalog', 'orders', 'payments', 'shipping'];
const CALLERS = [...SERVICES, 'edge'];

const REQUESTS = [
  'GET /',
  'GET /products',
  'GET /products/7?currency=eur',
  'HEAD /products/7',
  'POST /products/7',
  'GET /inventory',
  'GET /inventory/7',
  'DELETE /inventory/7',
  'GET /products/../inventory/7',
  'GET /orders',
  'POST /orders',
  'GET /orders/7',
  'GET /orders/7/shipping',
  'HEAD /orders/7/shipping',
  'DELETE /orders/7/shipping',
  'GET /orders/7/payment',
  'GET /orders/7%2fpayment/shipping',
  'GET /orders/7/shipping;x',
  'GET /payments',
  'POST /payments',
  'GET /payments/7/refunds',
  'DELETE /payments/7',
  'OPTIONS /payments/7',
].map((text) => text.split(' ') as [method: string, path: string]);

const STATUS = { allow: 200, deny: 403, refused: 400 };
const HOUR_MS = 3_600_000;

const pairs = CALLERS.flatMap((from) => SERVICES.map((to) => ({ from, to })));
const callsOf = (pair: { from: string; to: string }): ShopCall[] =>
  REQUESTS.map(([method, path]) => ({ ...pair, method, path }));

let shop: Shop;

beforeAll(async () => {
  shop = await startShop();
});
afterAll(() => shop?.stop());

const expected = (call: ShopCall) => STATUS[shop.decide(call).verdict];

async function statusOfAttack({ from, to, method, path }: ShopCall): Promise<number | string> {
  const identity = await shop.svidOf(from);
  const result = await callDirectly({ inbound: shop.inboundOf(to), identity, method, path });
  return result.kind === 'answered' ? result.status : result.why;
}

/** A line for each call, so that one that differs says which it is. */
async function table<C extends ShopCall>(
  calls: readonly C[],
  statusOf: (call: C) => unknown,
): Promise<string[]> {
  const lines = calls.map(async (call) => `${call.method} ${call.path} ${await statusOf(call)}`);
  return await Promise.all(lines);
}

describe("with the caller's own, valid certificate", () => {
  test('the table below asks for what is allowed, what is denied and what is refused', () => {
    const verdicts = pairs.flatMap(callsOf).map((call) => shop.decide(call).verdict);
    expect(new Set(verdicts)).toEqual(new Set(['allow', 'deny', 'refused']));
    const allowing = pairs.filter((pair) =>
      callsOf(pair).some((call) => shop.decide(call).verdict === 'allow'),
    );
    expect(allowing.map(({ from, to }) => `${from} → ${to}`)).toEqual([
      'orders → catalog',
      'orders → payments',
      'shipping → orders',
      'edge → catalog',
      'edge → orders',
    ]);
  });

  test.each(pairs)('$from gets from $to what the document says', async (pair) => {
    expect(await table(callsOf(pair), statusOfAttack)).toEqual(await table(callsOf(pair), expected));
  });

  test("the document's own tests come true", async () => {
    const { tests } = shop.mesh;
    expect(tests.length).toBeGreaterThan(10);
    expect(await table(tests, statusOfAttack)).toEqual(await table(tests, ({ expect }) => STATUS[expect]));
  });
});

describe('by its own sidecar', () => {
  test.each(pairs.filter(({ from }) => from !== 'edge'))(
    '$from gets from $to what the document says',
    async (pair) => {
      const knows = callsOf(pair).some((call) => shop.decide(call).verdict === 'allow');
      const answered = async ({ from, to, method, path }: ShopCall) => {
        const proxy = shop.outboundOf(from);
        return (await callThroughProxy({ proxy, method, url: `http://${to}${path}` })).status;
      };
      // Whom a caller may ask nothing, its sidecar does not know.
      const said = (call: ShopCall) => (knows ? expected(call) : 403);
      expect(await table(callsOf(pair), answered)).toEqual(await table(callsOf(pair), said));
    },
  );

  test.each([
    ['GET', 'payments/payments/7', 'nonesuch/payments/7'],
    ['POST', 'payments:8080/payments', 'nonesuch:8080/payments'],
    ['GET', 'catalog/products', 'portcullis/products'],
    ['GET', 'edge/products', '127.0.0.1/products'],
  ])(
    '%s to %s, which is not allowed, and to %s, which does not exist, are answered alike',
    async (method, known, unknown) => {
      const answer = async (target: string) => {
        const call = { proxy: shop.outboundOf('shipping'), method, url: `http://${target}` };
        const { status, headers, body } = await callThroughProxy(call);
        return { status, headers: { ...headers, date: '' }, body };
      };
      const toKnown = await answer(known);
      expect(toKnown.status).toBe(403);
      expect(await answer(unknown)).toEqual(toKnown);
    },
  );
});

describe('without the right certificate', () => {
  const attack = (to: string, identity: DirectCall['identity']) =>
    callDirectly({ inbound: shop.inboundOf(to), identity, method: 'GET', path: '/payments/7' });

  /** Signed by an authority of this control plane, out of its state folder: nobody but the operator can do this. */
  async function signedBy(use: AuthorityUse, issuedAgoMs = 0): Promise<ClientIdentity> {
    const store = await openStore(join(shop.folder, 'state'), systemClock);
    const stored = await store.authorities.load(use);
    await store.close();
    const authority = parseAuthority(stored?.pem ?? '');
    const spiffeId = `spiffe://${shop.mesh.trustDomain}/orders`;
    return issueSvid(authority, { spiffeId, ttlMs: HOUR_MS, now: Date.now() - issuedAgoMs });
  }

  const STRANGERS: readonly (readonly [string, () => Promise<DirectCall['identity']>])[] = [
    ['plaintext', async () => 'plaintext'],
    ['no certificate', async () => 'none'],
    ["a foreign authority's, with the right name", () => foreignIdentity('shop.example', 'orders')],
    ["one of the xDS port's authority, with the right name", () => signedBy('xds')],
    ['one that has expired', () => signedBy('mesh', 2 * HOUR_MS)],
  ];
  const attacks = STRANGERS.flatMap(([what, identity]) => SERVICES.map((to) => ({ what, to, identity })));

  test.each(attacks)('$what gets nothing from $to', async ({ to, identity }) => {
    expect(await attack(to, await identity())).toMatchObject({ kind: 'refused' });
  });

  test("a new certificate of the mesh's authority is let in: what is refused above is refused for its authority", async () => {
    expect(await attack('payments', await signedBy('mesh'))).toMatchObject({ kind: 'answered', status: 200 });
  });
});
