/**
 * Finds the stock Envoy that the demo and the tests start, and makes sure that it is of the version that this control
 * plane was measured against. It only looks: `setup/envoy.ts` is what downloads one.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ControlPlaneError, messageOf } from '../lib/errors.ts';

const ENVOY_FOLDER = new URL('../../envoy/', import.meta.url);

/** The Envoy release that everything here was measured against, as `1.40.0`. */
export const PINNED_VERSION = (
  JSON.parse(readFileSync(new URL('version.json', ENVOY_FOLDER), 'utf8')) as { version: string }
).version;

/** Where the set-up puts the pinned binary. */
export const PINNED_PATH = fileURLToPath(new URL(`.cache/${PINNED_VERSION}/envoy`, ENVOY_FOLDER));

/** `1.40`: patch releases of one series take the same configuration. */
const SERIES = PINNED_VERSION.split('.').slice(0, 2).join('.');

export interface EnvoyBinary {
  readonly path: string;
  /** As `1.40.0`. */
  readonly version: string;
  /** Why an Envoy on PATH was not taken, for a warning. */
  readonly passedOver?: string;
}

/**
 * Looks at `ENVOY_BIN`, then for `envoy` on PATH, then for the pinned binary that the set-up downloads. `ENVOY_BIN` is
 * an order, so a wrong one is an error; an `envoy` on PATH of another version is passed over.
 * @throws ControlPlaneError `ERR_ENVOY`, saying what to do
 */
export async function findEnvoy(env: NodeJS.ProcessEnv, pinnedPath = PINNED_PATH): Promise<EnvoyBinary> {
  if (env.ENVOY_BIN) {
    const probed = await probe(env.ENVOY_BIN);
    if ('version' in probed) return probed;
    throw new ControlPlaneError(
      'ERR_ENVOY',
      `ENVOY_BIN is "${env.ENVOY_BIN}", but ${probed.problem}; point it at an Envoy ${SERIES} binary, or unset it to use the one on PATH or the pinned one`,
    );
  }
  const onPath = findOnPath(env.PATH ?? '');
  const fromPath = onPath === undefined ? undefined : await probe(onPath);
  if (fromPath && 'version' in fromPath) return fromPath;
  const passedOver = fromPath && `"${onPath}" on PATH is not used: ${fromPath.problem}`;

  const pinned = existsSync(pinnedPath) ? await probe(pinnedPath) : { problem: 'it was not downloaded yet' };
  if ('version' in pinned) return passedOver ? { ...pinned, passedOver } : pinned;
  throw new ControlPlaneError(
    'ERR_ENVOY',
    `no Envoy ${SERIES} found: ENVOY_BIN is not set; ${passedOver ?? 'there is no "envoy" on PATH'}; the pinned one cannot be used: ${pinned.problem}; set ENVOY_BIN, or run "node setup/envoy.ts" in a checkout to download Envoy ${PINNED_VERSION}`,
  );
}

/** Relative entries are skipped: an `envoy` in whatever folder we happen to be in is not one that anybody chose. */
function findOnPath(path: string): string | undefined {
  const candidates = path
    .split(delimiter)
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, 'envoy'));
  return candidates.find((candidate) => existsSync(candidate) && isExecutable(candidate));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function probe(path: string): Promise<{ path: string; version: string } | { problem: string }> {
  if (!existsSync(path)) return { problem: 'there is no such file' };
  if (!isExecutable(path)) return { problem: 'it is not executable' };
  let answer: string;
  try {
    answer = (await promisify(execFile)(path, ['--version'], { timeout: 10_000 })).stdout;
  } catch (error) {
    return { problem: `"--version" failed (${messageOf(error).trim()})` };
  }
  // envoy  version: 9e5580…/1.40.0/Clean/RELEASE/BoringSSL
  const version = /version: [^/]*\/(\d+\.\d+\.\d+)[^/]*\//.exec(answer)?.[1];
  if (!version) return { problem: `it does not answer "--version" as Envoy does` };
  if (!version.startsWith(`${SERIES}.`)) return { problem: `it is Envoy ${version}, not ${SERIES}` };
  return { path, version };
}
