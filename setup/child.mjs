/** Commands that the set-up runs: they get the signals that we get, and none outlives us. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { isatty } from 'node:tty';

const PARENT_POLL_MS = 500;

/** @type {Map<import('node:child_process').ChildProcess, NodeJS.Signals | undefined>} */
const running = new Map();
/** @type {NodeJS.Signals | undefined} */
let received;

/** Passes SIGHUP, SIGINT and SIGTERM on to whatever runs, instead of dying of them. */
export function forwardSignals() {
  const onTerminal = [0, 1, 2].some((descriptor) => isatty(descriptor));
  for (const signal of /** @type {const} */ (['SIGHUP', 'SIGINT', 'SIGTERM'])) {
    // the terminal sends Ctrl-C to the whole foreground group, and to many programs a second one means "at once"
    const childHasIt = onTerminal && signal === 'SIGINT';
    process.on(signal, () => passOn(signal, childHasIt));
  }
  if (process.env.npm_lifecycle_event) followParent();
}

/** npm passes on SIGINT and SIGTERM; if it dies of another signal, what it started would stay behind. */
function followParent() {
  const parent = process.ppid;
  const watching = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watching);
    passOn('SIGTERM', false);
  }, PARENT_POLL_MS).unref();
}

/**
 * @param {NodeJS.Signals} signal
 * @param {boolean} childHasIt
 */
function passOn(signal, childHasIt) {
  received ??= signal;
  for (const [child, killSignal] of running) {
    if (killSignal || !childHasIt) child.kill(killSignal ?? signal);
  }
}

/**
 * Runs a command to its end. `status` is its exit code, or 128 plus the number of the signal that ended it.
 * `killSignal` is sent to it in place of whatever signal we get.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions & { killSignal?: NodeJS.Signals }} options
 * @returns {Promise<{ status: number, stdout: string, output: string }>} `output` is stdout and stderr as they came
 */
export function run(command, args, options) {
  exitIfInterrupted();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, options);
    let stdout = '';
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      stdout += text;
      output += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      output += text;
    });
    running.set(child, options.killSignal);
    child.once('error', (error) => {
      running.delete(child);
      reject(error);
    });
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve({ status: code ?? statusOf(signal ?? 'SIGKILL'), stdout, output });
    });
  });
}

/** Ends us as a shell would report it, if a signal asked for it: between two commands nobody else would hear it. */
export function exitIfInterrupted() {
  if (received) process.exit(statusOf(received));
}

/** @param {NodeJS.Signals} signal */
function statusOf(signal) {
  return 128 + constants.signals[signal];
}
