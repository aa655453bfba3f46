import { hasKey, type LiveSvid } from '../identity/svid.ts';
import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';

/** The certificate that all streams of a node hold which asked for one: none, if they differ. */
export interface Holding {
  readonly serial: string | undefined;
}

export interface ProxyCertificateOptions {
  readonly node: string;
  /** As far as older streams of the node have told, which may still be open. */
  readonly holding: Holding | undefined;
  /**
   * A live certificate: without its key only if it has this serial number. Undefined if the proxy gets none for now;
   * rejects if it should.
   */
  readonly find: (heldSerial: string | undefined) => Promise<LiveSvid | undefined>;
  /** It is there, or it is not known any more. */
  readonly onChanged: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

const RETRY_MS = 1_000;

/**
 * What a proxy lives on, found out once it has told which certificate it holds. One whose key only the proxy has is
 * never to be sent: as soon as any stream of the node may need more than its version, another is found first.
 */
export class ProxyCertificate {
  readonly #options: ProxyCertificateOptions;
  #holding: Holding | undefined;
  #svid: LiveSvid | undefined;
  #isSearching = false;
  #isClosed = false;

  constructor(options: ProxyCertificateOptions) {
    this.#options = options;
    this.#holding = options.holding;
  }

  get svid(): LiveSvid | undefined {
    return this.#svid;
  }

  get holding(): Holding | undefined {
    return this.#holding;
  }

  /** A stream of the node asked for secrets. */
  asked({ isForIt, heldSerial }: { isForIt: boolean; heldSerial: string | undefined }): void {
    if (!this.#holding || isForIt) {
      const isAgreed = !this.#holding || this.#holding.serial === heldSerial;
      this.#holding = { serial: isAgreed ? heldSerial : undefined };
    }
    if (this.#svid && !this.#isFit(this.#svid)) {
      this.#svid = undefined;
      this.#options.onChanged();
    }
    this.search();
  }

  /** There is a new one. */
  renewed(svid: LiveSvid): void {
    this.#svid = svid;
    this.#options.onChanged();
  }

  /** Looks for one, if one was asked for and there is none. */
  search(): void {
    if (!this.#isSearching && this.#isWaiting()) void this.#search();
  }

  close(): void {
    this.#isClosed = true;
  }

  #isWaiting(): boolean {
    return this.#holding !== undefined && this.#svid === undefined && !this.#isClosed;
  }

  #isFit(svid: LiveSvid): boolean {
    return hasKey(svid) || svid.serial === this.#holding?.serial;
  }

  /** What the streams hold may turn out to differ meanwhile; then it looks again. */
  async #search(): Promise<void> {
    const { node, find, clock, logger } = this.#options;
    this.#isSearching = true;
    try {
      while (this.#isWaiting()) {
        const svid = await find(this.#holding?.serial);
        if (!svid) break;
        if (this.#isWaiting() && this.#isFit(svid)) this.renewed(svid);
      }
      this.#isSearching = false;
    } catch (error) {
      logger.error(
        { node, reason: messageOf(error) },
        'no certificate could be issued; the proxy gets no secrets until one can',
      );
      clock.schedule(RETRY_MS, () => {
        this.#isSearching = false;
        this.search();
      });
    }
  }
}
