import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { openStore, type Store, type StoreRole } from '../../src/store/store.ts';
import { FakeClock } from './fake-clock.ts';

export interface ThrowAwayState {
  /** The state folder of this test; it does not exist yet. */
  readonly folder: string;
  readonly clock: FakeClock;
  /** Closed after the test, if not before. */
  open(role?: StoreRole): Promise<Store>;
}

/** A state folder and a clock for each test of a file. */
export function throwAwayState(): ThrowAwayState {
  let parent = '';
  let clock = new FakeClock();
  const opened: Store[] = [];
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'portcullis-state-'));
    clock = new FakeClock();
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close().catch(() => {}); // the test closed it
    rmSync(parent, { recursive: true });
  });
  return {
    get folder() {
      return join(parent, 'state');
    },
    get clock() {
      return clock;
    },
    async open(role) {
      const store = await openStore(join(parent, 'state'), clock, role);
      opened.push(store);
      return store;
    },
  };
}
