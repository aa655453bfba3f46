import { type IssuedToken, issueToken, type TokenOptions } from '../identity/token.ts';
import type { TokenSigner } from '../identity/token-key.ts';
import type { TokenRecord, Tokens } from '../store/tokens.ts';

export interface RecordedTokenOptions extends TokenOptions {
  readonly label?: string | undefined;
  /** The `jti` of the token that it takes the place of. */
  readonly predecessor?: string | undefined;
}

export interface RecordedToken extends TokenRecord {
  readonly token: string;
}

/**
 * Issues a join token that the store knows of before anybody has it.
 * @throws ControlPlaneError as `issueToken` and the store do
 */
export async function issueRecorded(
  signer: TokenSigner,
  tokens: Pick<Tokens, 'record'>,
  options: RecordedTokenOptions,
): Promise<RecordedToken> {
  const { token, jti, expiresAt }: IssuedToken = await issueToken(signer, options);
  const { service, instance, cidr, label, predecessor, now } = options;
  const record = { jti, service, instance, cidr, label, predecessor, issuedAt: now, expiresAt };
  await tokens.record(record);
  return { token, ...record };
}
