/**
 * Runs a command in a checkout that is set up: `node setup/run.mjs [--envoy] COMMAND ARGS…`. Every npm script starts
 * here, so that a fresh clone needs nothing but git, Node 20 or newer with npm, and python3 with pip. Plain JavaScript
 * without dependencies, because the Node that starts it may be too old for the rest.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitIfInterrupted, forwardSignals, run } from './child.mjs';
import { explainFailure, SetupFailure, say } from './failure.mjs';
import { withLock } from './lock.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const BIN = join(ROOT, 'node_modules/.bin');
const LOCK = join(ROOT, '.portcullis/setup.lock');
const NOTED = 'node_modules/.package-lock.json';

/** The first Node with everything that the sources use; package.json's `engines` says the same. */
const NODE_NEEDED = [24, 15];

const otherFolders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== BIN);
const env = { ...process.env, PATH: [BIN, ...otherFolders].join(delimiter) };
/** `npm ci` empties node_modules, so the Node that runs it must not be the one in there. */
const envOutside = { ...process.env, PATH: otherFolders.join(delimiter) };

/** What a checkout needs before anything runs in it. */
const STEPS = [
  {
    isDone: dependenciesInstalled,
    saying: 'installing dependencies (once, about half a minute)',
    perform: installDependencies,
  },
  { isDone: apiCompiled, saying: 'compiling the Envoy API (once, a few seconds)', perform: compileApi },
];

/**
 * npm notes what it installed in a file, last of all. Every package must be there as the lock
 * file has it; the optional ones only if they suit the machine, which npm has decided.
 */
function dependenciesInstalled() {
  const noted = join(ROOT, NOTED);
  if (!existsSync(noted)) return false;
  const locked = packagesOf(join(ROOT, 'package-lock.json'));
  const installed = packagesOf(noted);
  return Object.entries(locked).every(([folder, wanted]) => {
    const found = installed[folder];
    if (folder === '') return true;
    return found
      ? found.version === wanted.version && found.integrity === wanted.integrity
      : wanted.optional === true;
  });
}

/**
 * @param {string} lockFile
 * @returns {Record<string, { version?: string, integrity?: string, optional?: boolean }>} by folder; '' is ourselves
 */
function packagesOf(lockFile) {
  return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
}

async function installDependencies() {
  // no package needs its install scripts, so none gets to run any; the Envoy API is compiled by our next step
  const options = ['--ignore-scripts', '--include=dev', '--include=optional', '--no-audit', '--no-fund'];
  const { status, output } = await runQuietly('npm', ['ci', ...options, '--loglevel=error'], envOutside);
  if (status !== 0) {
    throw new SetupFailure('"npm ci" failed; npm says above why: is its registry reachable?', output);
  }
}

/** Newer than what it is made of: our list and overlay, the options, and the package with the .proto files. */
function apiCompiled() {
  const compiled = join(ROOT, 'src/proto/gen/envoy-api.json');
  if (!existsSync(compiled)) return false;
  const sources = [
    ...readdirSync(join(ROOT, 'protos')).map((file) => join('protos', file)),
    'src/proto/loader-options.ts',
    NOTED,
  ];
  const changedAt = Math.max(...sources.map((file) => statSync(join(ROOT, file)).mtimeMs));
  return changedAt <= statSync(compiled).mtimeMs;
}

async function compileApi() {
  await requireNode();
  const { status, output } = await runQuietly('node', ['protos/compile.ts'], env);
  if (status !== 0) throw new SetupFailure('the Envoy API could not be compiled', output);
}

async function requireNode() {
  const { stdout } = await runQuietly('node', ['--version'], env);
  const found = /^v(\d+)\.(\d+)/.exec(stdout);
  const [major = 0, minor = 0] = found ? found.slice(1).map(Number) : [];
  const [neededMajor = 0, neededMinor = 0] = NODE_NEEDED;
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return;
  const had = found ? `found ${stdout.trim()}` : `"${BIN}/node" does not run here`;
  throw new SetupFailure(
    `Node.js ${NODE_NEEDED.join('.')} or newer is needed, and ${had}; on Linux with glibc (x64, arm64) npm brings it along as an optional dependency: is "optional" omitted in your npm configuration? Elsewhere, install it from nodejs.org`,
  );
}

/** @returns {Promise<string>} the path of the binary */
async function findEnvoy() {
  const { status, stdout } = await run('node', ['setup/envoy.ts'], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  exitIfInterrupted();
  if (status !== 0) process.exit(status);
  return stdout.trim();
}

/**
 * Runs a step of the set-up. All of them start over when they were cut off, so an interrupt need not wait for npm,
 * which takes a quarter of a minute to undo its work.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} environment
 */
async function runQuietly(command, args, environment) {
  const result = await run(command, args, {
    cwd: ROOT,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    killSignal: 'SIGKILL',
  }).catch((error) => {
    throw new SetupFailure(
      `"${command}" cannot be run (${error.code}); install Node.js with npm, and put it on PATH`,
    );
  });
  exitIfInterrupted();
  return result;
}

async function setUp() {
  if (!STEPS.every((step) => step.isDone())) {
    const onWait = () => say('waiting for another command to set up this checkout');
    await withLock(LOCK, onWait, async () => {
      for (const step of STEPS) {
        if (step.isDone()) continue;
        say(step.saying);
        await step.perform();
      }
    });
  }
  await requireNode();
}

forwardSignals();
await explainFailure(async () => {
  const args = process.argv.slice(2);
  const needsEnvoy = args[0] === '--envoy';
  const [command, ...commandArgs] = needsEnvoy ? args.slice(1) : args;
  if (!command) throw new SetupFailure('usage: node setup/run.mjs [--envoy] COMMAND ARGS…');
  await setUp();
  const commandEnv = needsEnvoy ? { ...env, ENVOY_BIN: await findEnvoy() } : env;
  const { status } = await run(command, commandArgs, { env: commandEnv, stdio: 'inherit' }).catch((error) => {
    throw new SetupFailure(`"${command}" cannot be run (${error.code})`);
  });
  process.exitCode = status;
});
