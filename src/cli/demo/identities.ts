/** The identities that the story's attacks present. */
import { readFile } from 'node:fs/promises';
import type { Proxy } from '../../compile/proxy.ts';
import { metadataOf } from '../../compile/proxy-metadata.ts';
import { createAuthority } from '../../identity/authority.ts';
import { issueSvid } from '../../identity/svid.ts';
import { systemClock } from '../../lib/clock.ts';
import { CONTROL_PLANE, spiffeIdOf } from '../../lib/spiffe-id.ts';
import { structOf } from '../../proto/well-known-types.ts';
import type { DemoReady } from '../running-demo.ts';
import { fetchSvid } from './svid-client.ts';

export interface ClientIdentity {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

const LIFETIME_MS = 3_600_000;
const DEADLINE_MS = 10_000;

/** The right name, from the wrong authority: anybody can make one. */
export async function foreignIdentity(trustDomain: string, service: string): Promise<ClientIdentity> {
  const now = systemClock.now();
  const authority = await createAuthority({
    name: 'somebody else',
    spiffeId: `spiffe://${trustDomain}`,
    lifetimeMs: LIFETIME_MS,
    now,
  });
  return issueSvid(authority, { spiffeId: spiffeIdOf(trustDomain, service), ttlMs: LIFETIME_MS, now });
}

/** A service's own, valid certificate, in the hands of whoever got a join token for it that was not used yet. */
export async function stolenIdentity(
  ready: Pick<DemoReady, 'xds' | 'xdsCa' | 'admin' | 'adminToken'>,
  trustDomain: string,
  proxy: Proxy,
): Promise<ClientIdentity> {
  const instance = 'thief';
  return fetchSvid({
    xds: ready.xds,
    xdsCaPem: await readFile(ready.xdsCa, 'utf8'),
    serverSpiffeId: spiffeIdOf(trustDomain, CONTROL_PLANE),
    token: await freshToken(ready, proxy.service),
    node: { id: `${proxy.service}/${instance}`, metadata: structOf(metadataOf({ ...proxy, instance })) },
    deadlineMs: DEADLINE_MS,
  });
}

async function freshToken(
  { admin, adminToken }: Pick<DemoReady, 'admin' | 'adminToken'>,
  service: string,
): Promise<string> {
  const response = await fetch(`${admin}/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ service, label: "the demo's attacker", ttl: '1h' }),
  });
  return ((await response.json()) as { readonly token: string }).token;
}
