import type { Clock } from '../lib/clock.ts';
import type { Authority } from './authority.ts';
import { adoptable, type IssuedSerial, type IssuedSerials } from './issued-serials.ts';
import { Rotation } from './rotation.ts';
import { hasKey, issueSvid, type LiveSvid, type Svid } from './svid.ts';

export interface SvidBookOptions {
  readonly authority: Authority;
  /** Written before a new SVID is handed out. */
  readonly serials: Pick<IssuedSerials, 'record'>;
  /** What an earlier run issued: the newest of each node. */
  readonly issued: readonly IssuedSerial[];
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  /** To be pushed to that proxy. */
  readonly onRenewed: (nodeId: string, svid: LiveSvid) => void;
  readonly onFailed: (nodeId: string, why: string) => void;
}

interface Entry {
  readonly spiffeId: string;
  readonly rotation: Rotation<LiveSvid>;
}

/**
 * The live SVIDs, one per proxy. Keys are in memory only: a proxy that comes back finds the certificate that it left
 * with, but after a restart of this process only if it still holds it itself.
 */
export class SvidBook {
  readonly #options: SvidBookOptions;
  readonly #entries = new Map<string, Entry>();
  /** By node; looked at once. */
  readonly #issued: Map<string, IssuedSerial>;

  constructor(options: SvidBookOptions) {
    this.#options = options;
    this.#issued = new Map(options.issued.map((issued) => [issued.node, issued]));
  }

  /**
   * The proxy's live SVID; a new one if there is none for that identity, or only one whose key this process never had
   * and which the proxy does not hold. Rejects as `issueSvid` does, or if the new one cannot be recorded.
   * @param held the serial number that the proxy says it holds
   */
  svidFor(nodeId: string, spiffeId: string, held?: string): Promise<LiveSvid> {
    const isFit = (svid: LiveSvid) => hasKey(svid) || svid.serial === held;
    const known = this.#entries.get(nodeId);
    if (known?.spiffeId === spiffeId) return known.rotation.current(isFit);
    known?.rotation.stop();
    const rotation = this.#rotationOf(nodeId, spiffeId);
    this.#entries.set(nodeId, { spiffeId, rotation });
    return rotation.current(isFit);
  }

  /** Drops the proxy's SVID and its renewal. */
  forget(nodeId: string): void {
    this.#entries.get(nodeId)?.rotation.stop();
    this.#entries.delete(nodeId);
    this.#issued.delete(nodeId);
  }

  /** Ends all renewal. */
  stop(): void {
    for (const nodeId of [...this.#entries.keys()]) this.forget(nodeId);
  }

  #rotationOf(nodeId: string, spiffeId: string): Rotation<LiveSvid> {
    const { authority, clock, random, onRenewed, onFailed } = this.#options;
    const issued = this.#issued.get(nodeId);
    this.#issued.delete(nodeId);
    return new Rotation<LiveSvid>({
      held: issued && adoptable(issued, spiffeId, authority, clock.now()),
      issue: () => this.#issue(nodeId, spiffeId),
      clock,
      random,
      onRenewed: (svid) => onRenewed(nodeId, svid),
      onFailed: (why) => onFailed(nodeId, why),
    });
  }

  async #issue(nodeId: string, spiffeId: string): Promise<Svid> {
    const { authority, serials, ttlMs, clock } = this.#options;
    const svid = await issueSvid(authority, { spiffeId, ttlMs, now: clock.now() });
    const { serial, issuedAt, notAfter } = svid;
    await serials.record({ serial, node: nodeId, spiffeId, authorityId: authority.id, issuedAt, notAfter });
    return svid;
  }
}
