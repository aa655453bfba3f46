import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type TokenClaims, unverifiedClaims } from '../identity/token.ts';
import { ControlPlaneError } from '../lib/errors.ts';
import { writeFileAtomically } from '../store/atomic-file.ts';
import { readSecretFile } from '../store/secret-file.ts';
import { sdsFileOf, writeTokenFiles } from '../store/token-file.ts';

/** Gets the successor of a token. */
export type Renew = (token: string) => Promise<string>;

export interface RenewedFile {
  readonly before: TokenClaims;
  readonly after: TokenClaims;
}

const tokenError = (path: string, why: string) => new ControlPlaneError('ERR_TOKEN', `"${path}" ${why}`);

/**
 * The claims of the token in a file, as it says them.
 * @throws ControlPlaneError `ERR_TOKEN` if there is none, `ERR_STATE` if it cannot be read or is open to others
 */
export async function readTokenFile(
  path: string,
): Promise<{ readonly token: string; readonly claims: TokenClaims }> {
  const token = (await readSecretFile(path))?.trim();
  if (token === undefined) throw tokenError(path, 'does not exist; "portcullis token create" makes one');
  const claims = unverifiedClaims(token);
  if (!claims) throw tokenError(path, 'holds no join token');
  return { token, claims };
}

/**
 * Puts the successor of the token into its place, whole or not at all: a running Envoy takes it with its next stream.
 * @throws ControlPlaneError as `readTokenFile` and `renew` do
 */
export async function renewTokenFile(path: string, renew: Renew): Promise<RenewedFile> {
  const { token, claims } = await readTokenFile(path);
  await requireOwn(path);
  const successor = await renew(token);
  const after = unverifiedClaims(successor);
  if (!after) throw tokenError(path, 'was answered with something that is no join token');
  if (existsSync(sdsFileOf(path))) await writeFileAtomically(path, successor);
  else await writeTokenFiles(path, successor);
  return { before: claims, after };
}

/** The new file belongs to who writes it; a sidecar of another user could not read it. */
async function requireOwn(path: string): Promise<void> {
  const { uid } = await stat(path);
  if (process.getuid === undefined || uid === process.getuid()) return;
  throw tokenError(
    path,
    `belongs to the user ${uid}: renew it as that user, or the sidecar cannot read the new one`,
  );
}
