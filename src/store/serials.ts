/** A certificate that was issued to a proxy. The key is stored nowhere. Times in milliseconds since the Unix epoch. */
export interface IssuedSerial {
  readonly serial: string;
  readonly node: string;
  readonly spiffeId: string;
  /** The authority's id (`identity/authority.ts`). */
  readonly authorityId: string;
  readonly issuedAt: number;
  readonly notAfter: number;
}

/** Which certificates are out there, so that a restart issues none again to proxies that hold a good one. */
export interface Serials {
  /** The newest of each node that has not ended, in the order of node ids. */
  current(): Promise<readonly IssuedSerial[]>;
  record(issued: IssuedSerial): Promise<void>;
  /** Its token was revoked, or its service is gone: what it holds shall not be taken for good again. */
  forget(node: string): Promise<void>;
}
