/**
 * One resource, many spellings. Each is sent byte for byte to an inbound listener with a valid certificate, or to the
 * gateway; the table says what comes back and which path the app saw. The evaluator must say the same of every one.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callDirectly } from '../../src/cli/demo/direct-call.ts';
import { type Exchange, exchange } from '../support/raw-http.ts';
import { type Shop, type ShopCall, startShop } from '../support/shop.ts';

/** Request target, status, and the path that the app saw, if it did. */
type Trick = readonly [target: string, status: number, seen?: string];

const long = (length: number) => 'a'.repeat(length);

const SHIPPING = '/orders/7/shipping';

/** From shipping, who may read `/orders/*\/shipping` of orders and nothing else. */
const TO_ORDERS: readonly Trick[] = [
  [SHIPPING, 200, SHIPPING],
  ['/orders/7/payment', 403],
  // dots, also escaped
  ['/x/../orders/7/shipping', 200, SHIPPING],
  ['/../../orders/7/shipping', 200, SHIPPING],
  ['/orders/./7/./shipping', 200, SHIPPING],
  ['/orders/7/payment/../shipping', 200, SHIPPING],
  ['/orders/7/shipping/../payment', 403],
  ['/orders/7/%2e%2e/7/shipping', 200, SHIPPING],
  ['/orders/7/.%2E/7/shipping', 200, SHIPPING],
  ['/orders/7/shipping/%2e%2e/payment', 403],
  ['/orders/../orders/7/payment/x/../../shipping', 200, SHIPPING],
  ['/orders/%252e%252e/shipping', 200, '/orders/%252e%252e/shipping'],
  // slashes, also escaped
  ['//orders///7//shipping', 200, SHIPPING],
  ['/orders//../7/shipping', 200, SHIPPING],
  ['/orders/7/shipping/', 403],
  ['/orders/7%2fshipping', 400],
  ['/orders/7%2Fpayment/shipping', 400],
  ['/orders/7/shipping%2f..%2fpayment', 400],
  ['/orders/7/shipping%252f..%252fpayment', 403],
  // backslashes
  ['/orders\\7\\shipping', 200, SHIPPING],
  ['/orders/7/shipping\\..\\payment', 403],
  ['/orders/7%5cpayment/shipping', 400],
  // parameters
  ['/orders/7;x/shipping', 400],
  ['/orders/7/shipping;x', 400],
  ['/orders/7/shipping/..;/payment', 403],
  ['/orders/7/shipping%3bx', 403],
  // case, escapes of what needs none
  ['/ORDERS/7/shipping', 403],
  ['/orders/7/Shipping', 403],
  ['/orders/%37/%73hipping', 200, SHIPPING],
  // what is no path at all
  ['/orders/7/shipping%00', 400],
  ['/orders/7/shipping%00/../payment', 400],
  ['/orders/%zz/shipping', 200, '/orders/%zz/shipping'],
  ['/orders/%%32f/shipping', 200, '/orders/%252f/shipping'],
  ['/orders/7/ship\xffping', 400],
  ['/orders/7 /shipping', 400],
  ['/orders/7\t/shipping', 400],
  ['', 400],
  ['*', 400],
  ['orders/7/shipping', 400],
  // `*` in a path is no pattern
  ['/orders/*/shipping', 200, '/orders/*/shipping'],
  ['/orders/**', 403],
  // query and fragment
  ['/orders/7/shipping?a=../..//;%2f%00\\', 200, '/orders/7/shipping?a=../..//;%2f%00\\'],
  ['/orders/7/payment?/orders/7/shipping', 403],
  ['?/orders/7/shipping', 400],
  ['/orders/7/shipping#x', 400],
  ['/orders/7/payment#/../shipping', 400],
  // length
  [`/orders/${long(10_000)}/shipping`, 200, `/orders/${long(10_000)}/shipping`],
  [`/orders/${long(70_000)}/shipping`, 431],
];

/** The authority of an absolute target is a host like any other; its path is a path like any other. */
const ABSOLUTE_TO_ORDERS: readonly Trick[] = [
  ['http://orders/orders/7/shipping', 200, SHIPPING],
  ['HTTP://payments/orders/7/shipping', 200, SHIPPING],
  ['https://orders/orders/7/shipping', 200, SHIPPING],
  ['http://orders/orders/7/shipping/../payment', 403],
  ['http://orders/orders/7%2fpayment/shipping', 400],
  ['http://orders', 403],
  ['http:/orders/7/shipping', 400],
  ['gopher://orders/orders/7/shipping', 400],
];

/** From orders, who may read the products of catalog but not its inventory. */
const TO_CATALOG: readonly Trick[] = [
  ['/products/7', 200, '/products/7'],
  ['/inventory', 403],
  ['/products/../inventory', 403],
  ['/products/%2e%2e/inventory', 403],
  ['/products//../inventory', 200, '/products/inventory'],
  ['/products/..\\inventory', 403],
  ['/products/..;/inventory', 403],
  ['/products/..%2finventory', 400],
  ['//inventory', 403],
  ['/inventory;/../products', 200, '/products'],
  ['/Inventory', 403],
  ['/products/x/%2E%2e/..//inventory/7', 403],
];

/** Nobody at the gateway gets at the inventory either. */
const TO_GATEWAY: readonly Trick[] = [
  ['/products/7', 200, '/products/7'],
  ['/PRODUCTS/7', 404],
  ['/inventory', 404],
  ['//inventory', 404],
  ['/products/../inventory', 404],
  ['/products/%2e%2e/inventory', 404],
  ['/products/..\\inventory', 404],
  ['/products/..;/inventory', 404],
  ['/products/..%2finventory', 400],
  ['/products/..%5cinventory', 400],
  ['/products//../inventory', 200, '/products/inventory'],
  ['/orders/../inventory', 404],
  ['/products;x', 400],
  ['/products/7;/../../inventory', 404],
  ['/products/7?../inventory;', 200, '/products/7?../inventory;'],
  ['/products%00', 400],
  ['/products/%zz', 200, '/products/%zz'],
  ['/products/\xff', 400],
  ['/products/7#x', 400],
  ['', 400],
  ['*', 400],
  ['http://catalog/products/7', 200, '/products/7'],
  ['http://catalog/inventory', 404],
  ['http://edge/products/../inventory', 404],
  [`/products/${long(70_000)}`, 431],
];

const STATUSES = { allow: [200], deny: [403], refused: [400, 431] };

let shop: Shop;

beforeAll(async () => {
  shop = await startShop();
});
afterAll(() => shop?.stop());

const request = (target: string) => `GET ${target} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n`;
const toInbound = async (from: string, to: string, target: string) =>
  exchange(shop.inboundOf(to), request(target), await shop.svidOf(from));
const toGateway = (target: string) => exchange(new URL(shop.ready.gateway).host, request(target));

const shortened = (target: string) => (target.length > 60 ? `${target.slice(0, 50)}…` : target);

/** A line for each, all of them at the same time. */
async function linesOf(tricks: readonly Trick[], send: (target: string) => Promise<Exchange>) {
  const lines = tricks.map(async ([target]) => {
    const { statuses, seen } = await send(target);
    return [shortened(target), ...statuses, ...seen.map(({ path }) => path)];
  });
  return await Promise.all(lines);
}

const expectedLines = (tricks: readonly Trick[]) =>
  tricks.map(([target, ...outcome]) => [shortened(target), ...outcome]);

describe('at an inbound listener', () => {
  test.each([
    { from: 'shipping', to: 'orders', tricks: TO_ORDERS },
    { from: 'orders', to: 'catalog', tricks: TO_CATALOG },
  ])(
    '$from gets no further in $to than the document says, and the evaluator agrees',
    async ({ from, to, tricks }) => {
      expect(await linesOf(tricks, (target) => toInbound(from, to, target))).toEqual(expectedLines(tricks));
      for (const [path, status, seen] of tricks) {
        const decision = shop.decide({ from, to, method: 'GET', path });
        expect(STATUSES[decision.verdict], shortened(path)).toContain(status);
        if (seen !== undefined) expect(seen.split('?')[0]).toBe(decision.path);
      }
    },
  );

  test('a target with scheme and authority is decided by its path', async () => {
    const lines = await linesOf(ABSOLUTE_TO_ORDERS, (target) => toInbound('shipping', 'orders', target));
    expect(lines).toEqual(expectedLines(ABSOLUTE_TO_ORDERS));
  });
});

test('the gateway lets nobody further than its routes', async () => {
  expect(await linesOf(TO_GATEWAY, toGateway)).toEqual(expectedLines(TO_GATEWAY));
});

describe('any path made of tricky pieces', () => {
  const pieces = fc.constantFrom(
    ...['/', '//', '/./', '/../', '\\', ';', ';x=1', '?', '#', '*', '.', '..', '%'],
    ...['%2e', '%2E%2e', '%2f', '%5C', '%3b', '%00', '%zz', '%7', '%37', '%25', '\xff', '%c3%a9'],
    ...['orders', '7', 'shipping', 'payment', 'products', 'inventory', 'payments', 'Orders'],
  );
  const path = fc.array(pieces, { maxLength: 12 }).map((parts) => `/${parts.join('')}`);
  /** Where each path has a chance: random text alone seldom begins with what is allowed. */
  const start = fc.constantFrom('', '/orders', '/orders/7', '/products', '/payments');
  const target = fc.tuple(start, path, fc.constantFrom('', '/shipping')).map((parts) => parts.join(''));
  const pair = fc.constantFrom(
    { from: 'shipping', to: 'orders' },
    { from: 'orders', to: 'catalog' },
    { from: 'orders', to: 'payments' },
    { from: 'edge', to: 'orders' },
  );

  async function answerTo(call: ShopCall): Promise<{ status: number; seen: string | undefined }> {
    const { from, to, method } = call;
    const identity = await shop.svidOf(from);
    const result = await callDirectly({ inbound: shop.inboundOf(to), identity, method, path: call.path });
    if (result.kind === 'refused') throw new Error(result.why);
    const { status, body } = result;
    return { status, seen: status === 200 ? (JSON.parse(body) as { path: string }).path : undefined };
  }

  test('is answered at the inbound as the evaluator says, and reaches the app as it was judged', async () => {
    const agree = async (call: ShopCall) => {
      const { verdict, path: judged } = shop.decide(call);
      const { status, seen } = await answerTo(call);
      expect(STATUSES[verdict]).toContain(status);
      const query = call.path.slice(call.path.split('?')[0]?.length);
      if (verdict === 'allow') expect(seen).toBe(`${judged}${query}`);
    };
    const call = fc
      .record({ pair, path: target })
      .map((each) => ({ ...each.pair, method: 'GET', path: each.path }));
    await fc.assert(fc.asyncProperty(call, agree), { numRuns: 400 });
  });

  test('gets from the gateway to products and orders or nowhere', async () => {
    const staysInside = async (raw: string) => {
      const inbound = new URL(shop.ready.gateway).host;
      const result = await callDirectly({ inbound, identity: 'plaintext', method: 'GET', path: raw });
      if (result.kind === 'refused') throw new Error(result.why);
      expect([200, 400, 403, 404]).toContain(result.status);
      if (result.status === 200) {
        const seen = JSON.parse(result.body) as { service: string; path: string };
        expect(`${seen.service} ${seen.path}`).toMatch(/^(catalog \/products|orders \/orders)([/?]|$)/);
      }
    };
    await fc.assert(fc.asyncProperty(target, staysInside), { numRuns: 200 });
  });
});
