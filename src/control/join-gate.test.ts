import { Metadata } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { HEAD, meshOf } from '../../test/support/mesh-text.ts';
import { metadataOf } from '../compile/proxy-metadata.ts';
import type { TokenClaims } from '../identity/token.ts';
import { structOf } from '../proto/well-known-types.ts';
import type { AuthenticationAttempt } from '../xds/events.ts';
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

function gate(change: Partial<JoinGateOptions> = {}) {
  return createJoinGate({
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
    const node = { id: 'orders/1', metadata: structOf({}) } as unknown as AuthenticationAttempt['node'];
    expect(await gate()(attempt({ node }))).toEqual({
      ok: false,
      why: expect.stringContaining('not what "portcullis bootstrap" writes'),
    });
  });
});
