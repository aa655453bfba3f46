import type {
  CanBody,
  CanRequest,
  CreatedTokenBody,
  DocumentBody,
  EventBody,
  RevokedTokenBody,
  StatusBody,
  TokenBody,
  TokenRequest,
} from './schemas.ts';

/** What a request asked for, or why it makes no sense; then `hint` says what would. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: string; readonly hint?: string | undefined };

/** Who orders something, for the log of commands, e.g. `api:127.0.0.1`. */
export type Actor = string;

/** What the API is about. It must not keep anybody waiting: reads are from memory or from the disk of this machine. */
export interface AdminBackend {
  /** Whether a document is in force and the xDS port listens. */
  ready(): boolean;
  status(): StatusBody;
  document(): DocumentBody;
  can(question: CanRequest): Outcome<CanBody>;
  readonly tokens: {
    list(): Promise<readonly TokenBody[]>;
    create(request: TokenRequest, actor: Actor): Promise<Outcome<CreatedTokenBody>>;
    /** Refused if there is no such token; a token that was revoked before is revoked again. */
    revoke(jti: string, actor: Actor): Promise<Outcome<RevokedTokenBody>>;
  };
  readonly events: EventSource;
}

export interface EventSource {
  /** Those after `seq`, oldest first. A `seq` that was not reached yet is of an earlier start: all of them then. */
  after(seq: number): readonly EventBody[];
  /** The seq of the newest, 0 if there is none. */
  readonly newest: number;
  /** Calls back with each from now on. Returns what ends that. */
  subscribe(listener: (event: EventBody) => void): () => void;
}
