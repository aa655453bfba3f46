import type { Draft, Drafted } from './draft.ts';
import { type Key, violationAt } from './located.ts';
import { portsOf } from './ports.ts';
import { quote } from './problem.ts';
import type { ServiceEntry } from './service-schema.ts';
import type { Violation } from './violation.ts';

/** What is unique within one service or gateway. */
export function checkUnique(draft: Draft): readonly Violation[] {
  return [
    ...[...draft.services.values()].flatMap((service) => [
      ...checkPorts(service),
      ...checkEndpoints(service),
    ]),
    ...[...draft.gateways.values()].flatMap(({ node, parts }) =>
      repeated(parts?.listeners ?? [], (listener) => listener?.port).map(([index, port]) =>
        violationAt(node, ['listeners', index, 'port'], {
          message: `the port ${port} already has a listener`,
          hint: 'list the hosts of both in one',
        }),
      ),
    ),
  ];
}

function checkPorts({ node, parts }: Drafted<ServiceEntry>): readonly Violation[] {
  const ports = parts?.ports ? portsOf(parts) : [];
  return repeated(ports, ({ port }) => port).map(([index, port]) => {
    const keys: readonly Key[] = ['ports', ports[index]?.name ?? '', 'port'];
    return violationAt(node, keys, { message: `the port ${port} already has a name` });
  });
}

function checkEndpoints({ node, parts }: Drafted<ServiceEntry>): readonly Violation[] {
  return repeated(parts?.endpoints ?? [], addressOf).map(([index, endpoint]) =>
    violationAt(node, ['endpoints', index], {
      message: `the endpoint ${quote(endpoint)} is listed already`,
      hint: 'give one of them a larger weight instead',
    }),
  );
}

function addressOf(
  endpoint: { readonly address?: string | undefined; readonly port?: number | undefined } | undefined,
) {
  if (endpoint?.address === undefined || endpoint.port === undefined) return undefined;
  return `${endpoint.address} port ${endpoint.port}`;
}

/** Index and identity of each item that an earlier one equals; broken items have no identity. */
function repeated<Item, Identity>(
  items: readonly Item[],
  identityOf: (item: Item) => Identity | undefined,
): readonly (readonly [number, Identity])[] {
  const seen = new Set<Identity>();
  return items.flatMap((item, index) => {
    const identity = identityOf(item);
    if (identity === undefined) return [];
    if (seen.has(identity)) return [[index, identity] as const];
    seen.add(identity);
    return [];
  });
}
