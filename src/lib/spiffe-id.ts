import { ControlPlaneError } from './errors.ts';

/** A SPIFFE ID of this mesh: `spiffe://<trustDomain>/<service>` (SPIFFE-ID specification, section 2). */
export interface SpiffeId {
  readonly trustDomain: string;
  readonly path: string;
}

const TRUST_DOMAIN = /^[a-z0-9._-]{1,255}$/;
const SEGMENT = /^[A-Za-z0-9._-]+$/;

export function isTrustDomain(text: string): boolean {
  return TRUST_DOMAIN.test(text);
}

/** The identity of a service or gateway. All its instances share it. */
export function spiffeIdOf(trustDomain: string, service: string): string {
  return `spiffe://${trustDomain}/${service}`;
}

/** The control plane's own identity on the xDS port; no service or gateway may have this name. */
export const CONTROL_PLANE = 'portcullis';

/**
 * Parses and validates a SPIFFE ID.
 * @throws ControlPlaneError `ERR_SPIFFE_ID`, naming what the specification forbids
 */
export function parseSpiffeId(text: string): SpiffeId {
  const refuse = (why: string) =>
    new ControlPlaneError('ERR_SPIFFE_ID', `"${text}" is not a SPIFFE ID: ${why}`);
  if (!text.startsWith('spiffe://')) throw refuse('it must start with "spiffe://"');
  if (text.length > 2048) throw refuse('it is longer than 2048 bytes');
  const [trustDomain = '', ...segments] = text.slice('spiffe://'.length).split('/');
  if (!isTrustDomain(trustDomain)) throw refuse('the trust domain may hold only a-z, 0-9, ".", "-" and "_"');
  for (const segment of segments) {
    if (segment === '.' || segment === '..' || !SEGMENT.test(segment)) {
      throw refuse(`the path segment "${segment}" may hold only letters, digits, ".", "-" and "_"`);
    }
  }
  return { trustDomain, path: segments.map((segment) => `/${segment}`).join('') };
}
