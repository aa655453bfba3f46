import { beforeEach, expect, it } from 'vitest';
import { throwAwayState } from '../../test/support/throw-away-state.ts';
import { silentLogger } from '../lib/logger.ts';
import type { Store } from '../store/store.ts';
import type { StreamInfo } from '../xds/events.ts';
import { EventRing } from './event-ring.ts';
import { Revocation } from './revocation.ts';

const state = throwAwayState();
let store: Store;
let open: StreamInfo[];
let expelled: string[];
let events: EventRing;
let revocation: Revocation;

beforeEach(async () => {
  store = await state.open();
  open = [];
  expelled = [];
  events = new EventRing(state.clock);
  revocation = new Revocation(
    {
      ...{ tokens: store.tokens, serials: store.serials, changes: store.changes },
      xds: {
        streams: () => open,
        endStreams(predicate) {
          const kept = open.filter((stream) => !predicate(stream));
          const ended = open.length - kept.length;
          open = kept;
          return ended;
        },
      },
      ...{ expel: (node) => expelled.push(node), events, clock: state.clock, logger: silentLogger },
    },
    await store.tokens.list(),
  );
});

let streams = 0;
async function joins(node: string, tokenId: string, predecessor?: string): Promise<StreamInfo> {
  await store.tokens.record({
    ...{
      jti: tokenId,
      service: 'orders',
      instance: undefined,
      cidr: undefined,
      label: undefined,
      predecessor,
    },
    ...{ issuedAt: state.clock.now(), expiresAt: state.clock.now() + 60_000 },
  });
  await store.tokens.bind(tokenId, { node, address: '10.0.0.5' });
  streams += 1;
  const stream = { id: streams, nodeId: node, peerAddress: '10.0.0.5', subject: { tokenId, predecessor } };
  open.push(stream as unknown as StreamInfo);
  return stream as unknown as StreamInfo;
}

const issued = (node: string) => ({
  ...{ serial: `serial of ${node}`, node, spiffeId: 'spiffe://shop.example/orders', authorityId: 'ab' },
  ...{ issuedAt: state.clock.now(), notAfter: state.clock.now() + 60_000 },
});
const nodes = () => open.map(({ nodeId }) => nodeId);

it('ends the streams of a token, takes its node out and forgets its certificate; others stay', async () => {
  await joins('orders/1', 'a');
  await joins('orders/2', 'b');
  for (const node of ['orders/1', 'orders/2']) await store.serials.record(issued(node));
  expect(await revocation.revoke('a')).toEqual({ revoked: ['a'], nodes: ['orders/1'] });
  expect(nodes()).toEqual(['orders/2']);
  expect(expelled).toEqual(['orders/1']);
  expect(await store.serials.current()).toMatchObject([{ node: 'orders/2' }]);
  expect(events.after(0)).toMatchObject([{ kind: 'token-revoked', jti: 'a' }]);
});

it('knows no token that does not exist', async () => {
  expect(await revocation.revoke('x')).toBeUndefined();
});

it('takes what was renewed from it along', async () => {
  await joins('orders/1', 'a');
  open = [];
  await joins('orders/1', 'a1', 'a');
  expect(await revocation.revoke('a')).toEqual({ revoked: ['a', 'a1'], nodes: ['orders/1'] });
  expect(nodes()).toEqual([]);
});

it('leaves a node alone that is here with another token', async () => {
  await joins('orders/1', 'a');
  open = [];
  await joins('orders/1', 'b');
  expect(await revocation.revoke('a')).toEqual({ revoked: ['a'], nodes: [] });
  expect(nodes()).toEqual(['orders/1']);
  expect(expelled).toEqual([]);
});

it('does the same when another process revoked it', async () => {
  await joins('orders/1', 'a');
  const other = await state.open();
  await other.tokens.revoke('a');
  for (let n = 0; n < 5 && open.length > 0; n += 1) {
    state.clock.advance(500);
    await new Promise(setImmediate);
  }
  expect(nodes()).toEqual([]);
  expect(expelled).toEqual(['orders/1']);
});

it('retires the tokens before a successor that is in use, and nobody has to go for it', async () => {
  await joins('orders/1', 'a');
  await store.tokens.record({ ...(await tokenOf('a')), jti: 'a1', predecessor: 'a' });
  open = [];
  await revocation.admitted(await joins('orders/1', 'a2', 'a1'));
  expect((await tokenOf('a')).revokedAt).toBeDefined();
  expect((await tokenOf('a1')).revokedAt).toBeDefined();
  expect((await tokenOf('a2')).revokedAt).toBeUndefined();
  open = []; // it is away for a moment, just when the retired tokens are looked at
  state.clock.advance(200);
  await new Promise(setImmediate);
  expect(expelled).toEqual([]);
  expect(events.after(0)).toEqual([]);
});

it('ends a stream whose token was revoked while it was admitted', async () => {
  const stream = await joins('orders/1', 'a');
  await store.tokens.revoke('a');
  await revocation.admitted(stream);
  expect(nodes()).toEqual([]);
  expect(expelled).toContain('orders/1');
});

async function tokenOf(jti: string) {
  const token = await store.tokens.get(jti);
  if (!token) throw new Error(`there is no token "${jti}"`);
  return token;
}
