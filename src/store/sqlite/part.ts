import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../lib/clock.ts';
import type { WriteQueue } from './write-queue.ts';

/** What each part of the store is made from. */
export interface Part {
  readonly db: DatabaseSync;
  readonly queue: WriteQueue;
  readonly clock: Clock;
  /** The database's path, for messages. */
  readonly path: string;
}

/** SQLite's null, which no statement of ours returns for anything but "none", as undefined. */
export function absent<T>(value: T | null): T | undefined {
  return value === null ? undefined : value;
}
