import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, it } from 'vitest';
import { throwAwayState } from '../../test/support/throw-away-state.ts';
import { databasePath, type Store } from './store.ts';

const state = throwAwayState();
let store: Store;
/** Of another process, as it were. */
let other: Store;

beforeEach(async () => {
  store = await state.open();
  other = await state.open();
});

describe('the log of commands', () => {
  const revoke = { actor: 'cli', kind: 'token.revoke', payload: { jti: 'a', force: [true, null] } };

  it('tells what was ordered, in order, and what came of it', async () => {
    const [first, second] = await Promise.all([store.commands.append(revoke), store.commands.append(revoke)]);
    state.clock.advance(10);
    await store.commands.finish(first, { ok: false, message: 'no such token' });
    const now = state.clock.now();
    const failed = { ok: false, message: 'no such token', at: now };
    const log = [
      { ...revoke, seq: 1, at: now - 10, result: failed },
      { ...revoke, seq: 2, at: now - 10, result: undefined },
    ];
    expect([first, second]).toEqual([1, 2]);
    expect(await other.commands.list(0, 10)).toEqual(log);
    expect(await other.commands.list(1, 10)).toEqual(log.slice(1));
    expect(await other.commands.list(0, 1)).toEqual(log.slice(0, 1));
  });

  it('takes one result for each', async () => {
    const seq = await store.commands.append(revoke);
    await store.commands.finish(seq, { ok: true, message: undefined });
    await expect(store.commands.finish(seq, { ok: false, message: 'x' })).rejects.toThrow('only grows');
    await expect(store.commands.finish(99, { ok: true, message: undefined })).rejects.toThrow('FOREIGN KEY');
  });

  it.each([
    "UPDATE commands SET actor = 'nobody'",
    'DELETE FROM commands',
    "INSERT OR REPLACE INTO commands VALUES (1, 0, 'nobody', 'x', '{}')",
    "INSERT INTO commands VALUES (1, 0, 'nobody', 'x', '{}') ON CONFLICT DO UPDATE SET actor = 'nobody'",
    'UPDATE command_results SET ok = 0',
    'DELETE FROM command_results',
    'INSERT OR REPLACE INTO command_results VALUES (1, 0, 0, NULL)',
  ])('refuses %s', async (sql) => {
    await store.commands.finish(await store.commands.append(revoke), { ok: true, message: undefined });
    const before = await store.commands.list(0, 10);
    const db = new DatabaseSync(databasePath(state.folder));
    expect(() => db.exec(sql)).toThrow('the log of commands only grows');
    db.close();
    expect(await store.commands.list(0, 10)).toEqual(before);
  });

  it.each([
    '-----BEGIN PRIVATE KEY-----\nMIGHAgEA',
    '-----BEGIN EC PRIVATE KEY-----\nMIGHAgEA',
    'Bearer eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJvcmRlcnMifQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ',
  ])('takes no secret: %j', async (secret) => {
    const refused = {
      code: 'ERR_STATE',
      message: 'the command holds what looks like a key or a token; it is not logged',
    };
    await expect(store.commands.append({ ...revoke, payload: { deep: [{ secret }] } })).rejects.toMatchObject(
      refused,
    );
    await expect(store.commands.finish(1, { ok: false, message: secret })).rejects.toMatchObject(refused);
  });

  it('takes nothing that would fill it', async () => {
    const payload = { text: 'x'.repeat(70_000) };
    await expect(store.commands.append({ ...revoke, payload })).rejects.toThrow('longer than 64 KiB');
  });
});
