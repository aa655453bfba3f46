/**
 * Notices that the document may have changed. Editors write in place, replace the file, or swap a symbolic link;
 * folders gain and lose files; file systems over a network report nothing. So the containing folder is watched and,
 * underneath, the modification times are looked at regularly. Saying "maybe" too often is harmless: the reader
 * compares digests.
 */
import { type FSWatcher, watch } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock, Timer } from '../lib/clock.ts';

export interface DocumentWatchOptions {
  /** A file or a folder. */
  readonly path: string;
  readonly clock: Clock;
  /** How often modification times are looked at. */
  readonly pollMs: number;
  /** Events closer together than this are one. */
  readonly settleMs: number;
  readonly onMaybeChanged: () => void;
}

/** Names, sizes, times and inodes of what is there; any change of content changes it. */
async function fingerprint(path: string): Promise<string> {
  try {
    const found = await stat(path, { bigint: true });
    const own = `${found.ino}:${found.size}:${found.mtimeNs}`;
    if (!found.isDirectory()) return own;
    const names = (await readdir(path)).filter((name) => /\.ya?ml$/.test(name)).sort();
    const parts = await Promise.all(
      names.map(async (name) => `${name}=${await fingerprint(join(path, name))}`),
    );
    return parts.join(',');
  } catch {
    return 'unreadable'; // the reader says why when it is asked to read
  }
}

export class DocumentWatch {
  readonly #options: DocumentWatchOptions;
  readonly #watchers: FSWatcher[] = [];
  #settling: Timer | undefined;
  #polling: Timer | undefined;
  #seen = '';
  #closed = false;

  constructor(options: DocumentWatchOptions) {
    this.#options = options;
    for (const folder of new Set([dirname(options.path), options.path])) this.#watchFolder(folder);
    this.#poll();
  }

  close(): void {
    this.#closed = true;
    this.#settling?.cancel();
    this.#polling?.cancel();
    for (const watcher of this.#watchers) watcher.close();
  }

  #watchFolder(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#settle());
      watcher.on('error', () => watcher.close()); // the folder vanished; polling goes on
      this.#watchers.push(watcher);
    } catch {
      // no notification on this file system, or nothing there yet: polling finds it
    }
  }

  #settle(): void {
    if (this.#closed || this.#settling) return;
    const { clock, settleMs, onMaybeChanged } = this.#options;
    this.#settling = clock.schedule(settleMs, () => {
      this.#settling = undefined;
      onMaybeChanged();
    });
  }

  #poll(): void {
    const { clock, pollMs, path } = this.#options;
    this.#polling = clock.schedule(pollMs, () => {
      void fingerprint(path).then((now) => {
        if (this.#closed) return;
        if (now !== this.#seen) this.#settle();
        this.#seen = now;
        this.#poll();
      });
    });
  }
}
