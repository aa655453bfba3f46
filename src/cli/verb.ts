/** What every verb of the command line looks like; `verbs.ts` is the table of them. */
import type { ParseArgsConfig } from 'node:util';
import type { Terminal } from './terminal.ts';

/** The contract with scripts: yes/ok/allowed, no/violations/denied, wrong usage, no answer from the server. */
export const EXIT = { ok: 0, no: 1, usage: 2, unreachable: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface VerbOption {
  readonly type: 'string' | 'boolean';
  readonly multiple?: boolean;
  /** Shown as the value's name in help, e.g. `FILE`. */
  readonly value?: string;
  readonly help: string;
}

export interface VerbInput {
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  readonly env: NodeJS.ProcessEnv;
  readonly terminal: Terminal;
}

export interface Verb {
  /** Names of its positional arguments, in order; it takes no more than these. */
  readonly positionals: readonly string[];
  /** e.g. `can --from WHO --to SERVICE METHOD PATH`. */
  readonly usage: string;
  /** A few sentences, with an example to copy. */
  readonly details: string;
  readonly options: Readonly<Record<string, VerbOption>>;
  run(input: VerbInput): Promise<ExitCode>;
}

/** A row of the table of verbs. What a verb needs is loaded when it runs: `can` should not wait for a gRPC server. */
export interface VerbEntry {
  /** One word, or two, as in `token list`. */
  readonly name: string;
  /** Another way to say it. */
  readonly alias?: string;
  /** One line for the overview. */
  readonly summary: string;
  load(): Promise<Verb>;
}

/** Thrown by a verb that cannot make sense of its arguments; main prints it with the usage and exits 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The verb's options as `node:util` parses them. */
export function parseArgsOptions(verb: Verb): NonNullable<ParseArgsConfig['options']> {
  const own = Object.entries(verb.options).map(([name, { type, multiple }]) => [
    name,
    { type, ...(multiple ? { multiple } : {}) },
  ]);
  return { ...Object.fromEntries(own), help: { type: 'boolean', short: 'h' } };
}

/** A string option, from the flag or else from `PORTCULLIS_<NAME>`. */
export function textOption(input: VerbInput, name: string): string | undefined {
  const given = input.options[name];
  if (typeof given === 'string') return given;
  return input.env[`PORTCULLIS_${name.toUpperCase().replaceAll('-', '_')}`];
}

export function requiredOption(input: VerbInput, name: string, why: string): string {
  const value = textOption(input, name);
  if (value === undefined) throw new UsageError(`--${name} is required: ${why}`);
  return value;
}

export function listOption(input: VerbInput, name: string): readonly string[] {
  const given = input.options[name];
  return Array.isArray(given) ? given : [];
}

export function flag(input: VerbInput, name: string): boolean {
  const given = input.options[name];
  if (typeof given === 'boolean') return given;
  return ['1', 'true', 'yes'].includes(
    input.env[`PORTCULLIS_${name.toUpperCase().replaceAll('-', '_')}`] ?? '',
  );
}

export function requiredPositional(input: VerbInput, index: number, name: string): string {
  const value = input.positionals[index];
  if (value === undefined) throw new UsageError(`${name} is missing`);
  return value;
}
