import { Metadata } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { HEAD, meshOf } from '../../test/support/mesh-text.ts';
import { metadataOf } from '../compile/proxy-metadata.ts';
import type { TokenClaims } from '../identity/token.ts';
import { structOf } from '../proto/well-known-types.ts';
import type { KnownToken } from '../store/tokens.ts';
import type { AuthenticationAttempt } from '../xds/events.ts';
import { createFailedJoins } from './failed-joins.ts';
import { createJoinGate, type JoinGateOptions } from './join-gate.ts';

const MESH = meshOf(`${HEAD}services: { orders: { port: 8080 }, payments: { port: 8080 } }\n`);

const CLAIMS: TokenClaims = {
  iss: 'portcullis/shop',
  aud: 'portcullis-xds',
  sub: 'orders',
  jti: 'token-1',
  iat: 0,
  exp: 1,
};

const METADATA = structOf(
  metadataOf({
    kind: 'service',
    service: 'orders',
    instance: '1',
    inbound: { address: '0.0.0.0', port: 15006 },
    outbound: { address: '127.0.0.1', port: 15001 },
    bindAddress: '127.0.0.1',
    portMap: new Map(),
  }),
);

function attempt(change: Partial<AuthenticationAttempt> & { readonly authorization?: string[] } = {}) {
  const { authorization = ['Bearer good'], ...rest } = change;
  const metadata = new Metadata();
  for (const value of authorization) metadata.add('authorization', value);
  const nodeId = rest.nodeId ?? 'orders/1';
  const node = { id: nodeId, metadata: METADATA } as unknown as AuthenticationAttempt['node'];
  return { metadata, nodeId, node, peerAddress: '10.0.0.5', ...rest };
}

/** Tokens as the store keeps them, without a store. */
function tokensIn(
  known: readonly Partial<KnownToken>[] = [],
): JoinGateOptions['tokens'] & { readonly all: Map<string, KnownToken> } {
  const none = {
    instance: undefined,
    cidr: undefined,
    label: undefined,
    revokedAt: undefined,
    binding: undefined,
  };
  const blank = { ...none, jti: 'token-1', service: 'orders', issuedAt: 0, expiresAt: 1_000 };
  const all = new Map(known.map((token) => [token.jti ?? 'token-1', { ...blank, ...token }]));
  return {
    all,
    get: async (jti) => all.get(jti),
    record: async (token) => void all.set(token.jti, { ...blank, ...token }),
    async bind(jti, wanted) {
      const token = all.get(jti) as KnownToken;
      const binding = token.binding && token.binding.node !== wanted.node ? token.binding : wanted;
      all.set(jti, { ...token, binding });
      return binding;
    },
  };
}

function gate(change: Partial<JoinGateOptions> = {}) {
  return createJoinGate({
    tokens: tokensIn(),
    failures: createFailedJoins(new FakeClock()),
    mesh: () => MESH,
    verifyToken: async (token) =>
      token === 'good' ? { ok: true, claims: CLAIMS } : { ok: false, why: 'the token is forged' },
    holderOf: () => undefined,
    ...change,
  });
}

describe('the join gate', () => {
  it('lets in who brings a good token for its own node id, as the proxy that its metadata describes', async () => {
    expect(await gate()(attempt())).toMatchObject({
      ok: true,
      subject: { tokenId: 'token-1', proxy: { service: 'orders', instance: '1', inbound: { port: 15006 } } },
    });
  });

  it.each([
    ['no token', { authorization: [] }, 'no bearer token'],
    ['two tokens', { authorization: ['Bearer good', 'Bearer good'] }, 'no bearer token'],
    ['another scheme', { authorization: ['Basic good'] }, 'no bearer token'],
    ['a forged token', { authorization: ['Bearer bad'] }, 'the token is forged'],
    ['the node id of another service', { nodeId: 'payments/1' }, 'came with a token for "orders"'],
    ['a node id that is none', { nodeId: 'orders' }, 'not of the form'],
  ])('refuses %s', async (_what, change, why) => {
    expect(await gate()(attempt(change))).toEqual({ ok: false, why: expect.stringContaining(why) });
  });

  it('refuses a service that the document in force does not have', async () => {
    const without = meshOf(`${HEAD}services: { payments: { port: 8080 } }\n`);
    const answer = await gate({ mesh: () => without })(attempt());
    expect(answer).toEqual({ ok: false, why: 'the document in force has no service or gateway "orders"' });
  });

  it('refuses everybody while no document is in force', async () => {
    expect(await gate({ mesh: () => undefined })(attempt())).toMatchObject({ ok: false });
  });

  it('refuses a second holder of a node id from another address, and lets the same one come back', async () => {
    const held = gate({ holderOf: () => '10.0.0.5' });
    expect(await held(attempt({ peerAddress: '10.0.0.9' }))).toEqual({
      ok: false,
      why: expect.stringContaining('connected from 10.0.0.5 already'),
    });
    expect(await held(attempt())).toMatchObject({ ok: true });
  });

  it('refuses metadata that no bootstrap of ours has', async () => {
    const node = {
      id: 'orders/1',
      metadata: structOf({ portcullis: { kind: 'service' } }),
    } as unknown as AuthenticationAttempt['node'];
    expect(await gate()(attempt({ node }))).toEqual({
      ok: false,
      why: expect.stringContaining('not what "portcullis bootstrap" writes'),
    });
  });

  it('records a token that it never heard of, binds it to its first node, and lets no other in with it', async () => {
    const tokens = tokensIn();
    const bound = gate({ tokens });
    expect(await bound(attempt())).toMatchObject({ ok: true });
    expect(tokens.all.get('token-1')).toMatchObject({
      service: 'orders',
      expiresAt: 1_000,
      binding: { node: 'orders/1', address: '10.0.0.5' },
    });
    expect(await bound(attempt({ nodeId: 'orders/2' }))).toEqual({
      ok: false,
      why: expect.stringContaining('came with the token of "orders/1"'),
    });
    expect(await bound(attempt({ peerAddress: '10.0.0.6' }))).toMatchObject({ ok: true });
    expect(tokens.all.get('token-1')?.binding).toEqual({ node: 'orders/1', address: '10.0.0.6' });
  });

  it('binds nothing for a join that is refused', async () => {
    const tokens = tokensIn();
    await gate({ tokens, holderOf: () => '10.0.0.9' })(attempt());
    expect(tokens.all.get('token-1')?.binding).toBeUndefined();
  });

  it('refuses a token that was revoked', async () => {
    const tokens = tokensIn([{ revokedAt: 5 }]);
    expect(await gate({ tokens })(attempt())).toEqual({
      ok: false,
      why: 'the token token-1 was revoked, or replaced by its successor',
    });
  });

  it('tells which token a successor replaces', async () => {
    const tokens = tokensIn([{ predecessor: 'token-0' }]);
    expect(await gate({ tokens })(attempt())).toMatchObject({ subject: { predecessor: 'token-0' } });
  });
});

describe('an address from which joins keep failing', () => {
  const bad = { authorization: ['Bearer bad'] };
  // the signature is of no interest here: `verifyToken` decides, by the whole text
  const jwt = ['{"alg":"EdDSA"}', JSON.stringify(CLAIMS), 'x'].map((part) =>
    Buffer.from(part).toString('base64url'),
  );
  const returning = { authorization: [`Bearer ${jwt.join('.')}`] };

  function flooded(tokens = tokensIn()) {
    const clock = new FakeClock();
    const looked: string[] = [];
    const join = gate({
      tokens,
      failures: createFailedJoins(clock),
      verifyToken: async (token) => {
        looked.push(token);
        return token === 'bad' ? { ok: false, why: 'the token is forged' } : { ok: true, claims: CLAIMS };
      },
    });
    return { join, clock, looked };
  }

  it('is not looked at any more, for a while; other addresses are', async () => {
    const { join, clock, looked } = flooded();
    for (let n = 0; n < 200; n += 1) await join(attempt(bad));
    expect(looked).toHaveLength(50);
    expect(await join(attempt(bad))).toEqual({
      ok: false,
      why: expect.stringContaining('was not looked at'),
    });
    expect(await join(attempt({ ...bad, peerAddress: '10.0.0.6' }))).toMatchObject({
      why: 'the token is forged',
    });
    clock.advance(1_000);
    for (let n = 0; n < 200; n += 1) await join(attempt(bad));
    expect(looked).toHaveLength(50 + 1 + 5);
  });

  it('never keeps out a proxy that was let in from there before', async () => {
    const binding = { node: 'orders/1', address: '10.0.0.5' };
    const { join } = flooded(tokensIn([{ binding }]));
    for (let n = 0; n < 200; n += 1) await join(attempt(bad));
    expect(await join(attempt(returning))).toMatchObject({ ok: true });
    for (let n = 0; n < 200; n += 1) expect(await join(attempt(returning))).toMatchObject({ ok: true });
  });

  it('is looked at for nobody who only names such a token', async () => {
    const binding = { node: 'orders/1', address: '10.0.0.7' };
    const { join } = flooded(tokensIn([{ binding }]));
    for (let n = 0; n < 200; n += 1) await join(attempt(bad));
    expect(await join(attempt(returning))).toMatchObject({ ok: false });
  });
});
