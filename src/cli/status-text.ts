/** What `status` says, as lines for people: the document, each proxy, then everything that is not as it should be. */

import type { Api, ProxyStatus } from '../control/proxy-status.ts';
import { roughDuration } from '../lib/duration.ts';
import type { ServerStatus } from './server-status.ts';
import { printable, type Terminal, table } from './terminal.ts';

const APIS: readonly Api[] = ['CDS', 'EDS', 'SDS', 'LDS', 'RDS'];
const HEADINGS = ['PROXY', 'STREAM', ...APIS, 'CERTIFICATE'];
const REFUSALS_SHOWN = 10;

/** @param now milliseconds since the epoch */
export function statusLines(
  terminal: Pick<Terminal, 'style'>,
  status: ServerStatus,
  now: number,
): readonly string[] {
  const alarm = (line: string) => terminal.style(line, 'red');
  return [
    ...documentLines(status, now, alarm),
    '',
    ...table([HEADINGS, ...status.proxies.map((proxy) => proxyRow(proxy, now))]),
    ...rejectionLines(status, now, alarm),
    ...presenceLines(status).map(alarm),
    ...certificateLines(status).map(alarm),
    ...refusalLines(status, now),
  ];
}

/** Whether the mesh is as it should be: a good document, and every proxy that is there holds what it should. */
export function isHealthy({
  document,
  proxies,
  instances,
  isFrozen,
  gatewayCertificates,
}: ServerStatus): boolean {
  const rejects = proxies.some(({ connected, types }) => connected && statesOf(types).includes('rejected'));
  const isUnproven = instances.some(({ problem }) => problem !== undefined);
  const hasBadCertificate = Object.keys(gatewayCertificates).length > 0;
  const hasGoodDocument = document.inForce !== undefined && document.problem === undefined;
  return hasGoodDocument && !rejects && !isUnproven && !isFrozen && !hasBadCertificate;
}

const statesOf = (types: ProxyStatus['types']) => Object.values(types).map(({ state }) => state);

type Alarm = (line: string) => string;

function documentLines({ document }: ServerStatus, now: number, alarm: Alarm): readonly string[] {
  const { path, inForce, problem } = document;
  const first = inForce
    ? `mesh "${inForce.mesh}", revision ${inForce.revision}, in force for ${roughDuration(now - inForce.since)}: ${path}`
    : alarm(`no document is in force: ${path}`);
  if (!problem) return [first];
  const refused = alarm('the document on disk is refused; the last good one stays in force:');
  return [first, refused, ...problem.violations.map((line) => `  ${printable(line)}`)];
}

function proxyRow({ node, connected, since, types, svid }: ProxyStatus, now: number): readonly string[] {
  return [
    node,
    `${connected ? 'connected' : 'gone'} for ${roughDuration(now - since)}`,
    ...APIS.map((api) => (connected && types[api]?.state) || '-'),
    svid ? `good for ${roughDuration(svid.notAfter - now)}` : '-',
  ];
}

function rejectionLines({ proxies }: ServerStatus, now: number, alarm: Alarm): readonly string[] {
  return proxies.flatMap(({ node, types }) =>
    Object.entries(types).flatMap(([api, { lastNack }]) => {
      if (!lastNack) return [];
      const names = Object.keys(lastNack.versions).join(', ');
      const what = alarm(`${node} rejected ${api} ${names} ${roughDuration(now - lastNack.at)} ago:`);
      return [what, `  ${printable(lastNack.message)}`];
    }),
  );
}

function presenceLines({ instances, isFrozen }: ServerStatus): readonly string[] {
  const frozen = 'many instances left together: none is removed from the endpoints until enough are back';
  const unproven = instances.flatMap(({ node, state, problem }) => {
    if (problem === undefined) return [];
    const what = state === 'proving' ? 'is no endpoint yet' : 'does not serve as it should';
    return [`${node} ${what}: ${printable(problem)}`];
  });
  return [...(isFrozen ? [frozen] : []), ...unproven];
}

function certificateLines({ gatewayCertificates }: ServerStatus): readonly string[] {
  return Object.entries(gatewayCertificates).map(
    ([secret, reason]) => `${secret} cannot be used; the last good one stays: ${printable(reason)}`,
  );
}

function refusalLines({ refusals }: ServerStatus, now: number): readonly string[] {
  if (refusals.length === 0) return [];
  const rows = refusals
    .slice(-REFUSALS_SHOWN)
    .map(({ at, nodeId, peerAddress, why, count }) => [
      `  ${roughDuration(now - at)} ago`,
      printable(nodeId),
      peerAddress,
      count > 1 ? `${printable(why)} (${count} times)` : printable(why),
    ]);
  return ['', 'refused joins, newest last:', ...table(rows)];
}
