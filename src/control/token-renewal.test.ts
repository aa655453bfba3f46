import { beforeEach, describe, expect, it } from 'vitest';
import { HEAD, meshOf } from '../../test/support/mesh-text.ts';
import { throwAwayState } from '../../test/support/throw-away-state.ts';
import { issueToken, unverifiedClaims, verifyToken } from '../identity/token.ts';
import { openTokenSigner, type TokenSigner, verificationKeys } from '../identity/token-key.ts';
import type { Store } from '../store/store.ts';
import { EventRing } from './event-ring.ts';
import { createFailedJoins } from './failed-joins.ts';
import { issueRecorded } from './issue-recorded.ts';
import { createTokenRenewal } from './token-renewal.ts';

const MESH = meshOf(`${HEAD}services: { orders: { port: 8080 } }\n`);
const HERE = '10.0.0.5';
const state = throwAwayState();
let store: Store;
let signer: TokenSigner;
let renew: ReturnType<typeof createTokenRenewal>;

beforeEach(async () => {
  store = await state.open();
  signer = await openTokenSigner(store.tokenKey, MESH.name);
  renew = createTokenRenewal({
    ...{ mesh: () => MESH, signer, tokens: store.tokens, commands: store.commands, clock: state.clock },
    verifyToken: (token) => verifyToken(verificationKeys(signer), token, state.clock.now()),
    ...{ failures: createFailedJoins(state.clock), events: new EventRing(state.clock) },
  });
});

const make = (more: { cidr?: string; service?: string } = {}) =>
  issueRecorded(signer, store.tokens, {
    ...{ service: 'orders', instance: '1', label: 'ci', ttlMs: 60_000, now: state.clock.now() },
    ...more,
  });

describe('renewal', () => {
  it('gives a successor that is the same in everything, with as long a life from now on', async () => {
    const { token, jti } = await make({ cidr: '10.0.0.0/8' });
    await store.tokens.bind(jti, { node: 'orders/1', address: HERE });
    state.clock.advance(40_000);
    const answer = await renew(token, HERE);
    const claims = unverifiedClaims(answer.ok ? answer.token : '');
    const now = state.clock.now();
    expect(claims).toMatchObject({
      sub: 'orders',
      instance: '1',
      cidr: '10.0.0.0/8',
      exp: (now + 60_000) / 1_000,
    });
    expect(await store.tokens.get(claims?.jti ?? '')).toMatchObject({
      ...{ label: 'ci', predecessor: jti, binding: { node: 'orders/1', address: HERE } },
    });
    expect((await store.tokens.get(jti))?.revokedAt).toBeUndefined();
    const [command] = await store.commands.list(0, 10);
    expect(command).toMatchObject({ actor: `token:${jti}`, kind: 'token.renew', result: { ok: true } });
  });

  it('takes a token that it never heard of, if the mesh signed it', async () => {
    const { token } = await issueToken(signer, { service: 'orders', ttlMs: 60_000, now: state.clock.now() });
    expect(await renew(token, HERE)).toMatchObject({ ok: true });
  });

  it('is refused to who brings no good token', async () => {
    const { token, jti } = await make();
    expect(await renew(undefined, HERE)).toMatchObject({ why: 'no bearer token was sent' });
    expect(await renew(`${token}x`, HERE)).toMatchObject({ ok: false });
    await store.tokens.revoke(jti);
    expect(await renew(token, HERE)).toMatchObject({ why: expect.stringContaining('was revoked') });
    const { token: old } = await make();
    state.clock.advance(70_000);
    expect(await renew(old, HERE)).toMatchObject({ why: 'the token has expired' });
  });

  it('is refused to who sits elsewhere than the node that uses the token', async () => {
    const { token, jti } = await make();
    await store.tokens.bind(jti, { node: 'orders/1', address: '10.0.0.7' });
    expect(await renew(token, HERE)).toMatchObject({ why: expect.stringContaining('is used at 10.0.0.7') });
    const bound = await make({ cidr: '192.168.0.0/16' });
    expect(await renew(bound.token, HERE)).toMatchObject({ why: expect.stringContaining('192.168.0.0/16') });
  });

  it('is refused for a service that the document does not have', async () => {
    const { token } = await make({ service: 'payments' });
    expect(await renew(token, HERE)).toMatchObject({ why: expect.stringContaining('"payments"') });
  });

  it('cannot fill the disk', async () => {
    let { token } = await make();
    let renewed = 0;
    for (let n = 0; n < 100; n += 1) {
      const answer = await renew(token, HERE);
      if (!answer.ok) continue;
      renewed += 1;
      token = answer.token;
    }
    expect(renewed).toBe(10);
    state.clock.advance(30_000);
    expect(await renew(token, HERE)).toMatchObject({ ok: true });
  });
});
