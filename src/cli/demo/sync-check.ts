import type { ServerStatus } from '../server-status.ts';
import type { ServerRecord } from '../state-folder.ts';

/** What still keeps the mesh from being whole, in words; empty when it is. */
export async function unsyncedProxies(
  { admin, adminToken }: Pick<ServerRecord, 'admin' | 'adminToken'>,
  proxies: number,
  services: readonly string[],
): Promise<readonly string[]> {
  const response = await fetch(`${admin}/status`, { headers: { authorization: `Bearer ${adminToken}` } });
  const status = (await response.json()) as ServerStatus;
  const joined = status.proxies.filter(({ connected }) => connected);
  const waiting = joined.flatMap(({ node, types }) =>
    Object.entries(types)
      .filter(([, { state }]) => state !== 'synced')
      .map(([api, { lastNack }]) => {
        const rejection = lastNack?.message;
        return `${node} lacks ${api}${rejection === undefined ? '' : ` (rejected: ${rejection})`}`;
      }),
  );
  const absent = services
    .filter((service) => status.endpoints[service] === undefined)
    .map((name) => `${name} is not present`);
  const missing = joined.length < proxies ? [`${proxies - joined.length} proxies have not joined`] : [];
  return [...missing, ...waiting, ...absent];
}
