import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { ControlPlaneError } from '../../lib/errors.ts';
import type { Topic } from '../changes.ts';
import { sqliteError } from './database.ts';

interface Write {
  readonly topic: Topic;
  readonly run: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: what is written in one turn of the event loop becomes one transaction, so that a thousand proxies that
 * join at once cost one wait for the disk. Each write fails alone; a promise resolves once its write is durable.
 */
export class WriteQueue {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #onCommitted: () => void;
  readonly #changes: StatementSync;
  readonly #bump: StatementSync;
  #pending: Write[] = [];
  #isClosed = false;

  constructor(db: DatabaseSync, path: string, onCommitted: () => void) {
    this.#db = db;
    this.#path = path;
    this.#onCommitted = onCommitted;
    this.#changes = db.prepare('SELECT total_changes() AS total');
    this.#bump = db.prepare(
      'INSERT INTO revisions VALUES (?, 1) ON CONFLICT (topic) DO UPDATE SET revision = revision + 1',
    );
  }

  /** Rejects with what `run` throws, SQLite's errors as `ERR_STATE`; then nothing of it was kept. */
  write<T>(topic: Topic, run: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#isClosed) return reject(new ControlPlaneError('ERR_STATE', `"${this.#path}" is closed`));
      if (this.#pending.length === 0) setImmediate(() => this.flush());
      this.#pending.push({ topic, run, resolve, reject });
    });
  }

  /** Commits what is pending now. */
  flush(): void {
    const batch = this.#pending;
    if (batch.length === 0) return;
    this.#pending = [];
    let settle: (() => void)[];
    let hasChanged: boolean;
    try {
      ({ settle, hasChanged } = this.#commit(batch));
    } catch (error) {
      const failure = sqliteError(this.#path, error);
      for (const { reject } of batch) reject(failure);
      return;
    }
    for (const one of settle) one();
    if (hasChanged) this.#onCommitted();
  }

  close(): void {
    this.flush();
    this.#isClosed = true;
  }

  #commit(batch: readonly Write[]): { settle: (() => void)[]; hasChanged: boolean } {
    const changed = new Set<Topic>();
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const settle = batch.map((write) => this.#runAlone(write, changed));
      for (const topic of changed) this.#bump.run(topic);
      this.#db.exec('COMMIT');
      return { settle, hasChanged: changed.size > 0 };
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  /** In a savepoint. On a full disk SQLite gives up the whole transaction, and with it every write of the batch. */
  #runAlone({ topic, run, resolve, reject }: Write, changed: Set<Topic>): () => void {
    const before = this.#totalChanges();
    this.#db.exec('SAVEPOINT one');
    try {
      const result = run();
      this.#db.exec('RELEASE one');
      if (this.#totalChanges() !== before) changed.add(topic);
      return () => resolve(result as never);
    } catch (error) {
      if (!this.#db.isTransaction) throw error;
      this.#db.exec('ROLLBACK TO one; RELEASE one');
      return () => reject(sqliteError(this.#path, error));
    }
  }

  #totalChanges(): number {
    return Number(this.#changes.get()?.total);
  }
}
