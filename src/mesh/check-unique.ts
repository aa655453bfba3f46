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
    ...[...draft.gateways.values()].flatMap(({ node, entry }) =>
      repeated(entry?.listeners ?? [], ({ port }) => String(port)).map(([index, port]) =>
        violationAt(node, ['listeners', index, 'port'], {
          message: `the port ${port} already has a listener`,
          hint: 'list the hosts of both in one',
        }),
      ),
    ),
  ];
}

function checkPorts({ node, entry }: Drafted<ServiceEntry>): readonly Violation[] {
  const ports = entry?.ports ? portsOf(entry) : [];
  return repeated(ports, ({ port }) => String(port)).map(([index, port]) => {
    const keys: readonly Key[] = ['ports', ports[index]?.name ?? '', 'port'];
    return violationAt(node, keys, { message: `the port ${port} already has a name` });
  });
}

function checkEndpoints({ node, entry }: Drafted<ServiceEntry>): readonly Violation[] {
  return repeated(entry?.endpoints ?? [], ({ address, port }) => `${address} port ${port}`).map(
    ([index, endpoint]) =>
      violationAt(node, ['endpoints', index], {
        message: `the endpoint ${quote(endpoint)} is listed already`,
        hint: 'give one of them a larger weight instead',
      }),
  );
}

/** Index and identity of each item that an earlier one equals. */
function repeated<Item>(
  items: readonly Item[],
  identityOf: (item: Item) => string,
): readonly (readonly [number, string])[] {
  const seen = new Set<string>();
  return items.flatMap((item, index) => {
    const identity = identityOf(item);
    if (seen.has(identity)) return [[index, identity] as const];
    seen.add(identity);
    return [];
  });
}
