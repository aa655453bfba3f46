import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Changes, Topic, Watch } from '../changes.ts';

/** Reading the counter costs microseconds and touches no disk. */
const POLL_MS = 500;

type Listener = (revision: number) => void;

/** Finds commits of other processes by SQLite's `data_version`, which changes with them and with nothing else. */
export class ChangeFeed implements Changes {
  readonly #clock: Clock;
  readonly #dataVersion: StatementSync;
  readonly #revisions: StatementSync;
  readonly #listeners = new Map<Listener, Topic>();
  #seen: ReadonlyMap<Topic, number> = new Map();
  #seenDataVersion = -1;
  #timer: Timer | undefined;

  constructor(db: DatabaseSync, clock: Clock) {
    this.#clock = clock;
    this.#dataVersion = db.prepare('PRAGMA data_version');
    this.#revisions = db.prepare('SELECT topic, revision FROM revisions');
  }

  watch(topic: Topic, listener: Listener): Watch {
    if (this.#listeners.size === 0) this.#begin();
    const own: Listener = (revision) => listener(revision);
    this.#listeners.set(own, topic);
    return {
      stop: () => {
        this.#listeners.delete(own);
        if (this.#listeners.size === 0) this.close();
      },
    };
  }

  /** This process committed something. */
  committed(): void {
    if (this.#listeners.size > 0) this.#tell();
  }

  close(): void {
    this.#timer?.cancel();
    this.#listeners.clear();
  }

  #begin(): void {
    this.#seenDataVersion = this.#readDataVersion();
    this.#seen = this.#read();
    this.#sleep();
  }

  #sleep(): void {
    this.#timer = this.#clock.schedule(POLL_MS, () => {
      this.#sleep();
      const version = this.#readDataVersion();
      if (version === this.#seenDataVersion) return;
      this.#seenDataVersion = version;
      this.#tell();
    });
  }

  #tell(): void {
    const before = this.#seen;
    this.#seen = this.#read();
    for (const [listener, topic] of this.#listeners) {
      const revision = this.#seen.get(topic) ?? 0;
      if (revision !== (before.get(topic) ?? 0)) listener(revision);
    }
  }

  #readDataVersion(): number {
    return Number(this.#dataVersion.get()?.data_version);
  }

  #read(): ReadonlyMap<Topic, number> {
    return new Map(this.#revisions.all().map(({ topic, revision }) => [topic as Topic, Number(revision)]));
  }
}
