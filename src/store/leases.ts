/** That an instance is there: one per node, held by the replica that its stream ends at. */
export interface Lease {
  /** `<service>/<instance>`. */
  readonly node: string;
  readonly service: string;
  /** Where its inbound listener is reached. */
  readonly address: string;
  readonly port: number;
  /** Of the certificate that it showed there. */
  readonly serial: string;
  /** The `jti` of the token that it came with. */
  readonly tokenId: string;
  readonly replica: string;
  /**
   * Milliseconds since the Unix epoch: the end of the certificate that proved it, since until then the instance may be
   * serving, and after it nobody would talk to it. Undefined: as long as its stream lives.
   */
  readonly expiresAt: number | undefined;
}

export interface LeaseChanges {
  /** Each takes its node's lease over, whoever had it. */
  readonly put?: readonly Lease[];
  /** Removed only where still held by that replica. */
  readonly remove?: readonly Pick<Lease, 'node' | 'replica'>[];
}

/** Presence that outlives the process. Written when something changes, never to keep a lease alive. */
export interface Leases {
  /** Those that have not ended, in the order of node ids. */
  list(): Promise<readonly Lease[]>;
  /** All or nothing. */
  write(changes: LeaseChanges): Promise<void>;
  /** The replica is gone, and the streams of its leases with it: they end at `expiresAt` unless they are put again. */
  orphan(replica: string, expiresAt: number): Promise<void>;
}
