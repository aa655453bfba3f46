import { beforeEach, describe, expect, it } from 'vitest';
import { throwAwayState } from '../../../test/support/throw-away-state.ts';
import { createStore, databasePath, type Store } from '../store.ts';
import { openDatabase } from './database.ts';

const state = throwAwayState();
const command = (text: string) => ({ actor: 'a', kind: 'b', payload: { text } });
const big = command('x'.repeat(60_000));

describe('on a full disk', () => {
  let store: Store;
  let setPages: (pages: number) => void;

  beforeEach(async () => {
    await (await state.open()).close();
    const path = databasePath(state.folder);
    const db = await openDatabase(path);
    setPages = (pages) => void db.exec(`PRAGMA max_page_count = ${pages}`);
    setPages(60);
    store = createStore(db, path, state.clock, () => {});
    return () => store.close();
  });

  it('writes are refused with the reason, what was written stays, and it goes on once there is room', async () => {
    await store.commands.append(command('before'));
    const failed = await store.authorities
      .save('mesh', `-----BEGIN PRIVATE KEY-----\n${'MIGHsecret'.repeat(30_000)}`)
      .catch((error) => error);
    expect(failed).toMatchObject({ code: 'ERR_STATE', message: expect.stringContaining('the disk is full') });
    expect(`${failed.stack}${failed.cause?.stack}${JSON.stringify(failed)}`).not.toContain('MIGHsecret');
    expect(await store.authorities.load('mesh')).toBeUndefined();
    setPages(10_000);
    await store.authorities.save('mesh', 'pem');
    expect(await store.commands.append(command('after'))).toBe(2);
  });

  it('no write of the batch is taken for durable that is not', async () => {
    const writes = await Promise.allSettled(Array.from({ length: 8 }, () => store.commands.append(big)));
    const kept = writes.flatMap((write) => (write.status === 'fulfilled' ? [write.value] : []));
    expect(writes.some(({ status }) => status === 'rejected')).toBe(true);
    expect((await store.commands.list(0, 100)).map(({ seq }) => seq)).toEqual(kept);
  });
});

describe('writes of one turn', () => {
  it('are one transaction, in which one that fails leaves the others alone', async () => {
    const store = await state.open();
    const revisions: number[] = [];
    store.changes.watch('commands', (revision) => revisions.push(revision));
    const results = await Promise.allSettled([
      store.commands.append(command('one')),
      store.commands.finish(77, { ok: true, message: undefined }),
      store.commands.append(command('two')),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(revisions).toEqual([1]);
    expect(await store.commands.list(0, 10)).toHaveLength(2);
  });

  it('are finished by closing, after which there are none', async () => {
    const store = await state.open();
    const last = store.commands.append(command('last'));
    await store.close();
    expect(await last).toBe(1);
    await expect(store.commands.append(command('later'))).rejects.toThrow('is closed');
    expect(await (await state.open()).commands.list(0, 10)).toHaveLength(1);
  });
});
