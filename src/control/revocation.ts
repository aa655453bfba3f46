/**
 * What a revoked token means for a running mesh: its streams end, its node leaves the endpoints, and the certificate that
 * the node holds is never taken for good again. Whoever revoked it, this process or another one on the same state.
 */
import type { Clock, Timer } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import type { Changes, Watch } from '../store/changes.ts';
import type { Serials } from '../store/serials.ts';
import type { KnownToken, Tokens } from '../store/tokens.ts';
import type { StreamInfo } from '../xds/events.ts';
import type { XdsServer } from '../xds/server.ts';
import type { EventRing } from './event-ring.ts';
import type { Joined } from './join-gate.ts';

export interface RevocationOptions {
  readonly tokens: Pick<Tokens, 'get' | 'list' | 'revoke' | 'retire'>;
  readonly serials: Pick<Serials, 'forget'>;
  readonly changes: Changes;
  readonly xds: Pick<XdsServer, 'streams' | 'endStreams'>;
  /** Takes a node out of the endpoints at once, and forgets its certificate. */
  readonly expel: (node: string) => void;
  readonly events: Pick<EventRing, 'record'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Revoked {
  /** The token and its successors, those that were revoked before included. */
  readonly revoked: readonly string[];
  /** Whose streams ended and whose endpoints are gone. */
  readonly nodes: readonly string[];
}

/** A storm of joins changes tokens many times; looking once is enough. */
const LOOK_AFTER_MS = 200;
const REASON = 'its token was revoked, or replaced by its successor';

const tokenIdOf = ({ subject }: StreamInfo) => (subject as Joined).tokenId;

export class Revocation {
  readonly #options: RevocationOptions;
  readonly #watch: Watch;
  /** Revoked tokens that were dealt with. */
  #settled: ReadonlySet<string>;
  #looking: Timer | undefined;

  /** @param tokens all that are known at the start: who is revoked among them has no stream yet */
  constructor(options: RevocationOptions, tokens: readonly KnownToken[]) {
    this.#options = options;
    this.#settled = new Set(tokens.filter(isRevoked).map(({ jti }) => jti));
    this.#watch = options.changes.watch('tokens', () => this.#lookSoon());
  }

  /** Durable, and in force in this process, when it resolves. Undefined if there is no such token. */
  async revoke(jti: string): Promise<Revoked | undefined> {
    await this.#options.tokens.revoke(jti);
    const all = await this.#options.tokens.list();
    const family = familyOf(jti, all);
    if (family.length === 0) return undefined;
    const nodes = await this.#settle(family, all);
    return { revoked: family.map((token) => token.jti), nodes };
  }

  /**
   * A stream was admitted. If its token is a successor, the one before it is used no more; if it was revoked in the very
   * moment, the stream ends.
   */
  async admitted(stream: StreamInfo): Promise<void> {
    const { tokenId, predecessor } = stream.subject as Joined;
    const { tokens, xds, expel, logger } = this.#options;
    try {
      if ((await tokens.get(tokenId))?.revokedAt !== undefined) {
        xds.endStreams(({ id }) => id === stream.id, REASON);
        expel(stream.nodeId);
      } else await this.#retire(predecessor);
    } catch (error) {
      logger.error(
        { jti: tokenId, reason: messageOf(error) },
        'the token of a stream could not be looked at',
      );
    }
  }

  /** A token may have been renewed several times before a stream came with the newest. */
  async #retire(jti: string | undefined): Promise<void> {
    const { tokens } = this.#options;
    const token = jti === undefined ? undefined : await tokens.get(jti);
    if (!token || isRevoked(token)) return;
    await tokens.retire(token.jti);
    await this.#retire(token.predecessor);
  }

  close(): void {
    this.#watch.stop();
    this.#looking?.cancel();
  }

  #lookSoon(): void {
    this.#looking ??= this.#options.clock.schedule(LOOK_AFTER_MS, () => {
      this.#looking = undefined;
      void this.#look();
    });
  }

  async #look(): Promise<void> {
    const { tokens, logger } = this.#options;
    try {
      const all = await tokens.list();
      const unsettled = all.filter((token) => isRevoked(token) && !this.#settled.has(token.jti));
      await this.#settle(unsettled, all);
    } catch (error) {
      logger.error({ reason: messageOf(error) }, 'the tokens could not be read; trying again');
      this.#lookSoon();
    }
  }

  /** @returns the nodes that had to go */
  async #settle(revoked: readonly KnownToken[], all: readonly KnownToken[]): Promise<readonly string[]> {
    if (revoked.length === 0) return [];
    const { xds, expel, serials, events, logger } = this.#options;
    const ended = new Set(revoked.map(({ jti }) => jti));
    const settled = all.filter(({ jti }) => ended.has(jti) || this.#settled.has(jti));
    this.#settled = new Set(settled.map(({ jti }) => jti));
    xds.endStreams((stream) => ended.has(tokenIdOf(stream)), REASON);
    const over = revoked.filter((token) => isEnded(token, all));
    const here = new Set(xds.streams().map(({ nodeId }) => nodeId));
    const nodes = nodesOf(over).filter((node) => !here.has(node));
    for (const node of nodes) expel(node);
    for (const { jti, service } of over) {
      events.record({ kind: 'token-revoked', jti, service });
      logger.warn({ jti, service }, 'token revoked');
    }
    for (const node of nodes) await serials.forget(node);
    return nodes;
  }
}

const isRevoked = ({ revokedAt }: KnownToken) => revokedAt !== undefined;

/** A token and all that descend from it; none if it is not known. */
export function familyOf(jti: string, all: readonly KnownToken[]): readonly KnownToken[] {
  const family = all.filter((token) => token.jti === jti);
  for (const { jti: parent } of family)
    family.push(...all.filter(({ predecessor }) => predecessor === parent));
  return family;
}

/** Revoked with all that descend from it, not only replaced by a successor that is good. */
export const isEnded = (token: KnownToken, all: readonly KnownToken[]) =>
  familyOf(token.jti, all).every(isRevoked);

/** The nodes that tokens are bound to, each once. */
export const nodesOf = (tokens: readonly KnownToken[]): readonly string[] => [
  ...new Set(tokens.flatMap(({ binding }) => (binding ? [binding.node] : []))),
];
