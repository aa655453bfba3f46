import type { Metadata } from '@grpc/grpc-js';

/** The token of a call's one `authorization` header (RFC 6750, section 2.1). */
export function bearerToken(metadata: Metadata): string | undefined {
  const [header, second] = metadata.get('authorization');
  if (typeof header !== 'string' || second !== undefined) return undefined;
  return /^Bearer ([^\s]+)$/i.exec(header)?.[1];
}
