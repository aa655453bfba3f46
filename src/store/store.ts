/**
 * What must outlive the process: one SQLite database in a state folder, behind small asynchronous interfaces that a
 * database shared by replicas could fulfil as well. This folder knows files, permissions, transactions and crashes; what
 * the contents mean is for those who read them.
 */
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { AuthorityStore } from '../identity/authority-store.ts';
import type { TokenKeyStore } from '../identity/token-key.ts';
import type { Clock } from '../lib/clock.ts';
import type { Changes } from './changes.ts';
import type { Commands } from './commands.ts';
import type { Documents } from './documents.ts';
import type { Leases } from './leases.ts';
import { makePrivateFolder } from './private-path.ts';
import type { Serials } from './serials.ts';
import { ChangeFeed } from './sqlite/change-feed.ts';
import { createCommands } from './sqlite/commands.ts';
import { migrate, openDatabase, schemaVersion } from './sqlite/database.ts';
import { createDocuments } from './sqlite/documents.ts';
import { createKeys } from './sqlite/keys.ts';
import { createLeases } from './sqlite/leases.ts';
import { NEWEST_VERSION } from './sqlite/schema.ts';
import { createSerials } from './sqlite/serials.ts';
import { takeServeLock } from './sqlite/serve-lock.ts';
import { createTokens } from './sqlite/tokens.ts';
import { WriteQueue } from './sqlite/write-queue.ts';
import { hasStateFiles, importStateFiles } from './state-files.ts';
import type { Tokens } from './tokens.ts';

/**
 * Every write is durable when its promise resolves, or rejects with `ERR_STATE` and was not kept. Writes of one turn of
 * the event loop share a transaction.
 */
export interface Store {
  readonly authorities: AuthorityStore;
  readonly tokenKey: TokenKeyStore;
  readonly documents: Documents;
  readonly leases: Leases;
  readonly serials: Serials;
  readonly tokens: Tokens;
  readonly commands: Commands;
  readonly changes: Changes;
  /** Finishes what is being written. */
  close(): Promise<void>;
}

/** A server is alone with its state folder; visitors, such as the verb `token`, come and go beside it. */
export type StoreRole = 'server' | 'visitor';

/** Where the database of a state folder lies. */
export const databasePath = (folder: string) => join(folder, 'state.db');

const SERVER_HINT = 'stop that one, or start this one with another --state';
const VISITOR_HINT = 'the state is of an older version: start that server anew with this portcullis first';

/**
 * Opens the state in a folder, made 0700 if there is none. State of an older version is brought forward first, by a
 * server, or by a visitor while there is no server.
 * @throws ControlPlaneError `ERR_STATE` if the state is open to others, damaged or newer than this program, or if another
 *   server has it
 */
export async function openStore(folder: string, clock: Clock, role: StoreRole = 'visitor'): Promise<Store> {
  await makePrivateFolder(folder);
  const lock = role === 'server' ? await takeServeLock(folder, SERVER_HINT) : undefined;
  try {
    const path = databasePath(folder);
    const db = await openDatabase(path);
    try {
      await prepare(folder, db, clock, lock !== undefined);
      return createStore(db, path, clock, () => lock?.release());
    } catch (error) {
      db.close();
      throw error;
    }
  } catch (error) {
    lock?.release();
    throw error;
  }
}

async function prepare(folder: string, db: DatabaseSync, clock: Clock, isLocked: boolean): Promise<void> {
  if (schemaVersion(db) === NEWEST_VERSION && !hasStateFiles(folder)) return;
  const lock = isLocked ? undefined : await takeServeLock(folder, VISITOR_HINT);
  try {
    migrate(db, databasePath(folder));
    await importStateFiles(folder, db, databasePath(folder), clock.now());
  } finally {
    lock?.release();
  }
}

/** The store on an open database of the newest version, which it closes in the end. */
export function createStore(db: DatabaseSync, path: string, clock: Clock, onClosed: () => void): Store {
  const feed = new ChangeFeed(db, clock);
  const queue = new WriteQueue(db, path, () => feed.committed());
  const part = { db, queue, clock, path };
  return {
    ...createKeys(part),
    documents: createDocuments(part),
    leases: createLeases(part),
    serials: createSerials(part),
    tokens: createTokens(part),
    commands: createCommands(part),
    changes: feed,
    async close() {
      feed.close();
      queue.close();
      db.close();
      onClosed();
    },
  };
}
