import type { Proxy } from '../../src/compile/proxy.ts';
import { createAuthority } from '../../src/identity/authority.ts';
import { gatewayCertificate, type SecretResource, secretsOf } from '../../src/identity/secrets.ts';
import { issueSvid } from '../../src/identity/svid.ts';
import { spiffeIdOf } from '../../src/lib/spiffe-id.ts';
import type { Mesh } from '../../src/mesh/mesh.ts';
import { gatewayCertificateSecret } from '../../src/proto/names.ts';

const HOUR_MS = 3_600_000;

/** The secrets that a proxy gets, of an authority that nobody trusts and that is forgotten at once. */
export async function throwAwaySecrets(mesh: Mesh, proxy: Proxy): Promise<readonly SecretResource[]> {
  const now = Date.now();
  const authority = await createAuthority({
    name: 'throw-away',
    spiffeId: `spiffe://${mesh.trustDomain}`,
    lifetimeMs: HOUR_MS,
    now,
  });
  const spiffeId = spiffeIdOf(mesh.trustDomain, proxy.service);
  const svid = await issueSvid(authority, { spiffeId, ttlMs: HOUR_MS, now });
  const listeners = mesh.gateways.get(proxy.service)?.listeners ?? [];
  return [
    ...secretsOf(svid, authority.certificatePem),
    ...listeners
      .filter(({ tls }) => tls !== undefined)
      .map(({ port }) =>
        gatewayCertificate(
          gatewayCertificateSecret(proxy.service, port),
          svid.certificatePem,
          svid.privateKeyPem,
        ),
      ),
  ];
}
