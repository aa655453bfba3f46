/** The command line as people and scripts meet it: a process with arguments, an exit code and two streams. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface CliOptions {
  readonly cwd: string;
  /** Beside PATH, HOME and ENVOY_BIN: nothing else of the tests' own environment is seen. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliProcess {
  readonly child: ChildProcess;
  /** What it has said so far. */
  readonly said: () => { readonly stdout: string; readonly stderr: string };
  readonly ended: Promise<CliResult>;
}

/** `can --header 'x: 1'` as arguments. Only single quotes are known. */
export function words(command: string): readonly string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

export function spawnCli(args: readonly string[], { cwd, env = {} }: CliOptions): CliProcess {
  const { PATH = '', HOME = '', ENVOY_BIN } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd,
    env: { PATH, HOME, ...(ENVOY_BIN === undefined ? {} : { ENVOY_BIN }), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([code]) => ({ code, stdout, stderr }));
  return { child, said: () => ({ stdout, stderr }), ended };
}

/** Runs `portcullis COMMAND` to its end. */
export function runCli(command: string, options: CliOptions): Promise<CliResult> {
  return spawnCli(words(command), options).ended;
}
