/**
 * Who is there. An instance becomes an endpoint of its service when it has acknowledged its listener and its secrets
 * and a TLS dial to it shows the certificate that was just issued to it; the address is the one that its connection
 * really comes from. It stops being one `graceMs` after its stream ended, unless so many leave together that the fault
 * is likelier in the network than in them: then nobody is removed, and an alarm is raised, until enough are back.
 */
import type { Endpoint, EndpointTable } from '../compile/proxy.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Probe } from './endpoint-probe.ts';
import { isMassDeparture } from './mass-departure.ts';
import { isLinkLocal, isLoopback } from './peer-address.ts';

export interface PresenceOptions {
  readonly clock: Clock;
  readonly probe: Probe;
  /** How long after its stream's end an instance stays an endpoint. */
  readonly graceMs: number;
  /** Only for a mesh that lives on one machine, such as the native demo. */
  readonly allowLoopback: boolean;
  /** Called with the service whose endpoints changed. */
  readonly onChanged: (service: string) => void;
  /** So many left together that nobody is removed; and, later, that this is over. */
  readonly onFrozen: (isFrozen: boolean) => void;
}

/** An instance that says it serves, with all that must be true of it. */
export interface Arrival {
  readonly node: string;
  readonly service: string;
  readonly address: string;
  readonly port: number;
  /** Of the certificate issued to it last. */
  readonly serial: string;
}

/** `proving`: not an endpoint yet. `present`, `leaving`: an endpoint; its stream is there, or ended a moment ago. */
export type InstanceState = 'proving' | 'present' | 'leaving';

export interface InstanceStatus {
  readonly node: string;
  readonly service: string;
  readonly address: string;
  readonly port: number;
  readonly state: InstanceState;
  /** Why it is no endpoint yet, or what the last look at it found wrong. */
  readonly problem: string | undefined;
}

interface Instance {
  arrival: Arrival;
  state: InstanceState;
  problem: string | undefined;
  departedAt: number | undefined;
  timer: Timer | undefined;
}

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 10_000;

const isSamePlace = (a: Arrival, b: Arrival) => a.address === b.address && a.port === b.port;

export class Presence {
  readonly #options: PresenceOptions;
  readonly #instances = new Map<string, Instance>();
  #isFrozen = false;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  /** The proxy holds its configuration, with this certificate. Called again when the certificate is renewed. */
  arrive(arrival: Arrival): void {
    const known = this.#instances.get(arrival.node);
    known?.timer?.cancel();
    const stays = known && known.state !== 'proving' && isSamePlace(known.arrival, arrival);
    if (known && known.state !== 'proving' && !stays) this.remove(arrival.node);
    const instance: Instance = {
      arrival,
      state: stays ? 'present' : 'proving',
      problem: this.#refusal(arrival.address),
      departedAt: undefined,
      timer: undefined,
    };
    this.#instances.set(arrival.node, instance);
    if (instance.problem === undefined) void this.#prove(instance, FIRST_RETRY_MS);
    this.#removeExpired();
  }

  /** Its stream ended. An endpoint stays one for the grace period. */
  depart(node: string): void {
    const instance = this.#instances.get(node);
    if (!instance || instance.state === 'leaving') return;
    if (instance.state === 'proving') {
      this.remove(node);
      return;
    }
    const { clock, graceMs } = this.#options;
    instance.timer?.cancel();
    instance.state = 'leaving';
    instance.departedAt = clock.now();
    instance.timer = clock.schedule(graceMs, () => this.#removeExpired());
  }

  /** At once, without grace: its credential was revoked, its service is gone, or it was told to stop. */
  remove(node: string): void {
    const instance = this.#instances.get(node);
    if (!instance) return;
    instance.timer?.cancel();
    this.#instances.delete(node);
    if (instance.state !== 'proving') this.#options.onChanged(instance.arrival.service);
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** By service, in the order of node ids, so that equal presence compiles to equal bytes. */
  endpoints(): EndpointTable {
    const table = new Map<string, Endpoint[]>();
    for (const { state, service, address, port } of this.list()) {
      if (state === 'proving') continue;
      const endpoints = table.get(service) ?? [];
      endpoints.push({ address, port, weight: 1, zone: undefined });
      table.set(service, endpoints);
    }
    return table;
  }

  /** Sorted by node. */
  list(): readonly InstanceStatus[] {
    return [...this.#instances.values()]
      .map(({ arrival: { node, service, address, port }, state, problem }) => ({
        ...{ node, service, address, port },
        ...{ state, problem },
      }))
      .sort((a, b) => (a.node < b.node ? -1 : 1));
  }

  close(): void {
    for (const { timer } of this.#instances.values()) timer?.cancel();
  }

  #refusal(address: string): string | undefined {
    if (isLinkLocal(address))
      return `the link-local address ${address} means another machine to every caller`;
    if (isLoopback(address) && !this.#options.allowLoopback) {
      return `the loopback address ${address} cannot be reached from other machines (start with --allow-loopback-endpoints if all of the mesh is on this one)`;
    }
    return undefined;
  }

  /** Dials until it is proven, ever more rarely, as long as this very arrival stands. */
  async #prove(instance: Instance, retryMs: number): Promise<void> {
    const { clock, probe, onChanged } = this.#options;
    const { arrival } = instance;
    const result = await probe(arrival);
    if (this.#instances.get(arrival.node) !== instance || instance.state === 'leaving') return;
    instance.problem = result.ok ? undefined : result.why;
    if (result.ok && instance.state === 'proving') {
      instance.state = 'present';
      onChanged(arrival.service);
    }
    if (result.ok) return;
    const next = Math.min(retryMs * 2, LAST_RETRY_MS);
    instance.timer = clock.schedule(retryMs, () => void this.#prove(instance, next));
  }

  #removeExpired(): void {
    const { clock, graceMs, onFrozen } = this.#options;
    const leaving = [...this.#instances.values()].filter(({ state }) => state === 'leaving');
    const departures = leaving.map(({ departedAt }) => departedAt as number);
    const isFrozen = isMassDeparture(departures, this.#instances.size);
    if (isFrozen !== this.#isFrozen) {
      this.#isFrozen = isFrozen;
      onFrozen(isFrozen);
    }
    if (isFrozen) return;
    const now = clock.now();
    for (const { arrival, departedAt } of leaving) {
      if (now - (departedAt as number) >= graceMs) this.remove(arrival.node);
    }
  }
}
