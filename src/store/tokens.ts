/** A join token as it is known, never the token itself. Times in milliseconds since the Unix epoch. */
export interface TokenRecord {
  readonly jti: string;
  readonly service: string;
  /** What its claims bind it to. */
  readonly instance: string | undefined;
  readonly cidr: string | undefined;
  /** A person's note. */
  readonly label: string | undefined;
  /** The `jti` of the token that it was renewed from. */
  readonly predecessor?: string | undefined;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** The node that first came with a token: no other gets in with it. */
export interface TokenBinding {
  readonly node: string;
  /** Where the node was last let in from. */
  readonly address: string;
}

export interface KnownToken extends TokenRecord {
  readonly revokedAt: number | undefined;
  readonly binding: TokenBinding | undefined;
}

export interface Tokens {
  /**
   * When issued, or when first seen if it was issued elsewhere: the claims say it all. The first record stays. One with a
   * predecessor is bound as that one is, and revoked if it is.
   */
  record(token: TokenRecord): Promise<void>;
  get(jti: string): Promise<KnownToken | undefined>;
  /** In the order of issuing, those that expired up to 30 days ago included. */
  list(): Promise<readonly KnownToken[]>;
  /**
   * For good and from now on, with all that descend from it: who has a copy of a token can have renewed it.
   * @returns which were not revoked before
   */
  revoke(jti: string): Promise<readonly string[]>;
  /** Revokes it alone: its successor is in use. False if there is no such token, or it was revoked before. */
  retire(jti: string): Promise<boolean>;
  /**
   * Binds the token to its first node, and notes the address if that node comes again.
   * @returns the binding in force: with another node, the caller was not the first
   * @throws ControlPlaneError `ERR_STATE` if the token was never recorded
   */
  bind(jti: string, binding: TokenBinding): Promise<TokenBinding>;
}
