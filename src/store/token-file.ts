import { dirname, resolve } from 'node:path';
import { ControlPlaneError, messageOf } from '../lib/errors.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { makeFolder } from './make-folder.ts';

/** The name under which the bootstrap's credential injector asks for the token; a test holds the two together. */
const JOIN_TOKEN_SECRET = 'portcullis-token';

/** Where the file lies that leads Envoy to the token file at `tokenPath`. */
export function sdsFileOf(tokenPath: string): string {
  return `${tokenPath}.sds.json`;
}

/**
 * The content of that file: the token by name, not by value, so that it never changes and the token file holds the
 * bare token. Envoy 1.40 reads the token again when a file is moved into the folder that it watches, and sends it with
 * its next stream; a token written in place goes unnoticed.
 * @param tokenPath where the sidecar sees the token file: absolute
 */
export function tokenSds(tokenPath: string): string {
  const secret = {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
    name: JOIN_TOKEN_SECRET,
    generic_secret: { secret: { filename: tokenPath } },
  };
  return `${JSON.stringify({ resources: [secret] }, undefined, 2)}\n`;
}

/**
 * Writes or replaces a join token, 0600, and beside it the file through which Envoy reads it. Both go in by renaming,
 * the token last, so that a running Envoy takes the new one with its next stream.
 * @param sidecarPath where the sidecar will see the token file, if it is copied to another machine
 * @throws ControlPlaneError `ERR_STATE` if they cannot be written
 */
export async function writeTokenFiles(path: string, token: string, sidecarPath = path): Promise<void> {
  const tokenPath = resolve(path);
  try {
    await makeFolder(dirname(tokenPath), 0o700);
    await writeFileAtomically(sdsFileOf(tokenPath), tokenSds(resolve(sidecarPath)));
    await writeFileAtomically(tokenPath, token);
  } catch (error) {
    throw new ControlPlaneError(
      'ERR_STATE',
      `cannot write the token file "${tokenPath}": ${messageOf(error)}`,
      error,
    );
  }
}
