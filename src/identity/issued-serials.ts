import { type Authority, CLOCK_SKEW_MS } from './authority.ts';
import type { HeldSvid } from './svid.ts';

/** A certificate that was issued to a proxy. The key is kept nowhere. Times in milliseconds since the Unix epoch. */
export interface IssuedSerial {
  readonly serial: string;
  /** The node's id. */
  readonly node: string;
  readonly spiffeId: string;
  readonly authorityId: string;
  readonly issuedAt: number;
  readonly notAfter: number;
}

/** Which certificates are out there. Outlives the process, so that a restart issues none again that is still good. */
export interface IssuedSerials {
  /** The newest of each node that has not ended. */
  current(): Promise<readonly IssuedSerial[]>;
  /** Resolves once it is durable. */
  record(issued: IssuedSerial): Promise<void>;
}

/**
 * The certificate as one that its proxy may go on with, or undefined if it may not: it is for another identity, of an
 * authority that is not this one, or not valid at this moment.
 */
export function adoptable(
  issued: IssuedSerial,
  spiffeId: string,
  authority: Pick<Authority, 'id'>,
  now: number,
): HeldSvid | undefined {
  const { serial, issuedAt, notAfter } = issued;
  const notBefore = issuedAt - CLOCK_SKEW_MS;
  const isOurs = issued.spiffeId === spiffeId && issued.authorityId === authority.id;
  return isOurs && now >= notBefore && now < notAfter
    ? { spiffeId, serial, issuedAt, notBefore, notAfter }
    : undefined;
}
