import type { Port } from './mesh.ts';
import type { Salvaged } from './salvage.ts';
import type { ServiceEntry } from './service-schema.ts';

/** The ports of a service as written; none if what is written is broken. */
export function portsOf(service: Salvaged<ServiceEntry>): readonly Port[] {
  const { port, protocol = 'http', ports = {} } = service;
  if (port !== undefined) return [{ name: String(port), port, protocol }];
  return Object.entries(ports).flatMap(([name, each]) =>
    each?.port === undefined ? [] : [{ name, port: each.port, protocol: each.protocol ?? 'http' }],
  );
}

/** The port that a policy calls by name or number. */
export function findPort(ports: readonly Port[], written: string | number): Port | undefined {
  return ports.find(({ name, port }) => name === String(written) || port === written);
}

export const isHttp = ({ protocol }: Port) => protocol !== 'tcp';
