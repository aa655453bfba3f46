export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** Something that somebody ordered. */
export interface Command {
  /** Who, e.g. `cli:root@gate`, `admin`. */
  readonly actor: string;
  /** What, e.g. `token.revoke`. */
  readonly kind: string;
  /** Its parameters, without secrets. */
  readonly payload: { readonly [key: string]: JsonValue };
}

export interface CommandResult {
  readonly ok: boolean;
  /** Why not, or what came of it. */
  readonly message: string | undefined;
}

export interface LoggedCommand extends Command {
  /** From 1, in the order of arrival, never used twice. */
  readonly seq: number;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** Undefined while it runs, or if the process died meanwhile. */
  readonly result: (CommandResult & { readonly at: number }) | undefined;
}

/** The log of commands: each is in it before it acts, and nothing in it is ever changed. */
export interface Commands {
  /**
   * @returns its seq
   * @throws ControlPlaneError `ERR_STATE` if it is longer than 64 KiB, or holds what looks like a key or a token
   */
  append(command: Command): Promise<number>;
  /** Once for each command. */
  finish(seq: number, result: CommandResult): Promise<void>;
  /** Those after `seq`, oldest first. */
  list(after: number, limit: number): Promise<readonly LoggedCommand[]>;
}
