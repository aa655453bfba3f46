import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Clock, delay } from '../../lib/clock.ts';
import { ControlPlaneError } from '../../lib/errors.ts';

/** Envoy drains on SIGTERM; what has not ended by then is killed. */
const STOP_AFTER_MS = 2_500;

export interface ChildOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** What it says is kept here. */
  readonly logFile: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Called with each line of its standard output. */
  readonly onLine?: (line: string) => void;
  /** Called if it ends before it is stopped. */
  readonly onUnexpectedExit: (why: string) => void;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  stop(clock: Clock): Promise<void>;
}

function whyEnded(name: string, code: number | null, signal: string | null, logFile: string): string {
  return `${name} ended by itself (${signal ?? `exit code ${code}`}); what it said last is in ${logFile}`;
}

async function stopProcess(process: ChildProcess, ended: Promise<void>, clock: Clock): Promise<void> {
  process.kill('SIGTERM');
  await Promise.race([ended, delay(clock, STOP_AFTER_MS)]);
  if (process.exitCode === null && process.signalCode === null) process.kill('SIGKILL');
  await ended;
}

/** @throws ControlPlaneError `ERR_STATE` if the program cannot be started */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, command, args, logFile } = options;
  const log = createWriteStream(logFile, { flags: 'a', mode: 0o600 });
  const process = spawn(command, [...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.env ? { env: options.env } : {}),
  });
  await new Promise<void>((resolve, reject) => {
    process.once('spawn', resolve);
    process.once('error', (error) =>
      reject(new ControlPlaneError('ERR_STATE', `${name} cannot be started: ${error.message}`, error)),
    );
  });
  let stopping = false;
  const ended = new Promise<void>((resolve) => {
    process.once('close', (code, signal) => {
      log.end();
      resolve();
      if (!stopping) options.onUnexpectedExit(whyEnded(name, code, signal, logFile));
    });
  });
  process.stderr.pipe(log, { end: false });
  createInterface({ input: process.stdout }).on('line', (line) => {
    log.write(`${line}\n`);
    options.onLine?.(line);
  });
  return {
    name,
    pid: process.pid as number,
    stop(clock) {
      stopping = true;
      return stopProcess(process, ended, clock);
    },
  };
}
