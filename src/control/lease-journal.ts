import type { Clock, Timer } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import type { Lease, Leases } from '../store/leases.ts';

export interface LeaseJournalOptions {
  readonly leases: Pick<Leases, 'write'>;
  readonly replica: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Changes closer together than this are one write. */
const BATCH_MS = 50;
const RETRY_MS = 1_000;

/** Writes leases down as they change, many at once. What cannot be written is tried again; nobody waits for more than one try. */
export class LeaseJournal {
  readonly #options: LeaseJournalOptions;
  /** By node, the newest; undefined to remove. */
  #changes = new Map<string, Lease | undefined>();
  #waiting: (() => void)[] = [];
  #timer: Timer | undefined;
  #writing: Promise<void> | undefined;

  constructor(options: LeaseJournalOptions) {
    this.#options = options;
  }

  /** Resolves once the lease is durable, or could not be written at first. */
  keep(lease: Omit<Lease, 'replica'>): Promise<void> {
    this.#change(lease.node, { ...lease, replica: this.#options.replica });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  drop(node: string): void {
    this.#change(node, undefined);
  }

  /** Writes what has not been written yet, if it can be. */
  async close(): Promise<void> {
    await this.#writing;
    this.#timer?.cancel();
    await this.#write();
    this.#timer?.cancel();
  }

  #change(node: string, lease: Lease | undefined): void {
    this.#changes.set(node, lease);
    this.#schedule(BATCH_MS);
  }

  #schedule(delayMs: number): void {
    if (this.#timer || this.#writing) return;
    this.#timer = this.#options.clock.schedule(delayMs, () => {
      this.#timer = undefined;
      this.#writing = this.#write().then((isWritten) => {
        this.#writing = undefined;
        if (this.#changes.size > 0) this.#schedule(isWritten ? BATCH_MS : RETRY_MS);
      });
    });
  }

  /** Whether there is nothing left of what there was. */
  async #write(): Promise<boolean> {
    const { leases, replica, logger } = this.#options;
    const [changes, waiting] = [this.#changes, this.#waiting];
    if (changes.size === 0) return true;
    [this.#changes, this.#waiting] = [new Map(), []];
    try {
      const put = [...changes.values()].filter((lease) => lease !== undefined);
      const remove = [...changes].filter(([, lease]) => !lease).map(([node]) => ({ node, replica }));
      await leases.write({ put, remove });
      return true;
    } catch (error) {
      this.#changes = new Map([...changes, ...this.#changes]);
      logger.error({ reason: messageOf(error) }, 'who is present could not be written down; trying again');
      return false;
    } finally {
      for (const resolve of waiting) resolve();
    }
  }
}
