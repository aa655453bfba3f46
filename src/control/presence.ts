/**
 * Who is there. A proxy becomes an endpoint of its service when it has acknowledged its listener and its secrets,
 * and stops being one `graceMs` after its stream ended, so that a reconnect empties nobody's endpoints. The
 * address is the one that the connection really comes from, never one that the proxy claims.
 */
import type { Endpoint, EndpointTable } from '../compile/proxy.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { isLinkLocal, isLoopback } from './peer-address.ts';

export interface PresenceOptions {
  readonly clock: Clock;
  /** How long after its stream's end an instance stays an endpoint. */
  readonly graceMs: number;
  /** Only for a mesh that lives on one machine, such as the native demo. */
  readonly allowLoopback: boolean;
  /** Called with the service whose endpoints changed. */
  readonly onChanged: (service: string) => void;
}

interface Instance {
  readonly service: string;
  endpoint: Endpoint;
  leaving: Timer | undefined;
}

export class Presence {
  readonly #options: PresenceOptions;
  readonly #instances = new Map<string, Instance>();

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  /** Why an address cannot be an endpoint, or undefined if it can. */
  refusal(address: string): string | undefined {
    if (isLinkLocal(address))
      return `the link-local address ${address} means another machine to every caller`;
    if (isLoopback(address) && !this.#options.allowLoopback) {
      return `the loopback address ${address} cannot be reached from other machines (start with --allow-loopback-endpoints if all of the mesh is on this one)`;
    }
    return undefined;
  }

  /** The proxy holds its configuration and serves at `address:port`. */
  arrive(node: string, service: string, address: string, port: number): void {
    if (this.refusal(address) !== undefined) return;
    const known = this.#instances.get(node);
    known?.leaving?.cancel();
    const endpoint: Endpoint = { address, port, weight: 1, zone: undefined };
    this.#instances.set(node, { service, endpoint, leaving: undefined });
    if (known?.endpoint.address === address && known.endpoint.port === port) return;
    this.#options.onChanged(service);
  }

  /** Its stream ended. It stays an endpoint for the grace period. */
  depart(node: string): void {
    const instance = this.#instances.get(node);
    if (!instance || instance.leaving) return;
    const { clock, graceMs } = this.#options;
    instance.leaving = clock.schedule(graceMs, () => this.remove(node));
  }

  /** At once, without grace: its credential was revoked or its service is gone. */
  remove(node: string): void {
    const instance = this.#instances.get(node);
    if (!instance) return;
    instance.leaving?.cancel();
    this.#instances.delete(node);
    this.#options.onChanged(instance.service);
  }

  /** By service, in the order of node ids, so that equal presence compiles to equal bytes. */
  endpoints(): EndpointTable {
    const table = new Map<string, Endpoint[]>();
    const nodes = [...this.#instances.keys()].sort();
    for (const node of nodes) {
      const { service, endpoint } = this.#instances.get(node) as Instance;
      const list = table.get(service);
      if (list) list.push(endpoint);
      else table.set(service, [endpoint]);
    }
    return table;
  }

  close(): void {
    for (const instance of this.#instances.values()) instance.leaving?.cancel();
  }
}
