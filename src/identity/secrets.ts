import { createHash } from 'node:crypto';
import type { Secret } from '../proto/gen/types/envoy/extensions/transport_sockets/tls/v3/Secret.ts';
import { SVID_SECRET, TRUST_BUNDLE_SECRET } from '../proto/names.ts';
import { SECRET } from '../proto/resource-types.ts';
import { hasKey, type LiveSvid } from './svid.ts';

/** A Secret before encoding, with the version to serve it under. */
export interface SecretResource {
  readonly typeUrl: string;
  readonly name: string;
  readonly version: string;
  readonly message: Secret;
}

/**
 * What one proxy gets over SDS: its own SVID, whose version is the serial number, so that a proxy that returns with an
 * unexpired one needs no new; and the trust bundle. Two secrets, so that each changes alone. An SVID without its key is
 * for a proxy that holds it already: a version and no content, not to be sent.
 */
export function secretsOf(svid: LiveSvid, bundlePem: string): readonly SecretResource[] {
  return [
    secret(
      SVID_SECRET,
      svid.serial,
      hasKey(svid) ? tlsCertificate(svid.certificatePem, svid.privateKeyPem) : {},
    ),
    secret(TRUST_BUNDLE_SECRET, contentHash(bundlePem), {
      validation_context: { trusted_ca: { inline_string: bundlePem } },
    }),
  ];
}

/** A gateway's own certificate for its clients, under the name that its listener refers to. */
export function gatewayCertificate(
  name: string,
  certificatePem: string,
  privateKeyPem: string,
): SecretResource {
  return secret(
    name,
    contentHash(certificatePem, privateKeyPem),
    tlsCertificate(certificatePem, privateKeyPem),
  );
}

function secret(name: string, version: string, content: Secret): SecretResource {
  return { typeUrl: SECRET.typeUrl, name, version, message: { name, ...content } };
}

function tlsCertificate(certificatePem: string, privateKeyPem: string): Secret {
  return {
    tls_certificate: {
      certificate_chain: { inline_string: certificatePem },
      private_key: { inline_string: privateKeyPem },
    },
  };
}

function contentHash(...texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('base64url').slice(0, 22);
}
