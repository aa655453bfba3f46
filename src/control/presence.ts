/**
 * Who is there. An instance becomes an endpoint of its service when it has acknowledged its listener and its secrets
 * and a TLS dial to it shows the certificate that was just issued to it; the address is the one that its connection
 * really comes from. It stops being one `graceMs` after its stream ended, unless so many leave together that the fault
 * is likelier in the network than in them: then nobody is removed, and an alarm is raised, until enough are back.
 *
 * A control plane that starts anew takes everybody for an endpoint who was one before, and gives them time to come back.
 * What was proven holds for as long as the certificate that proved it: then even a frozen instance goes.
 */
import type { Endpoint, EndpointTable } from '../compile/proxy.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Lease } from '../store/leases.ts';
import type { Probe } from './endpoint-probe.ts';
import type { LeaseJournal } from './lease-journal.ts';
import { isMassDeparture } from './mass-departure.ts';
import { isLinkLocal, isLoopback } from './peer-address.ts';

export interface PresenceOptions {
  readonly clock: Clock;
  readonly probe: Probe;
  readonly leases: Pick<LeaseJournal, 'keep' | 'drop'>;
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
  /** When that certificate ends, in milliseconds since the Unix epoch. */
  readonly notAfter: number;
  /** The `jti` of the token that it came with. */
  readonly tokenId: string;
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
  /** Of one that is leaving; undefined if it has not been seen since the restart and still has time. */
  departedAt: number | undefined;
  /** The serial number in its lease, if it has one. */
  leased: string | undefined;
  timer: Timer | undefined;
}

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 10_000;
/**
 * For coming back after a restart of the control plane, once the first is back. Proxies try once a second; the rest is for
 * a fleet that does so at the same time.
 */
const RETURN_MS = 15_000;
/** How often it is looked for instances that are frozen and whose certificate has ended. */
const FROZEN_RECHECK_MS = 60_000;

const isSamePlace = (a: Arrival, b: Arrival) => a.address === b.address && a.port === b.port;

export class Presence {
  readonly #options: PresenceOptions;
  readonly #instances = new Map<string, Instance>();
  #isFrozen = false;
  /** There are instances of before the restart, and no proxy has connected yet. */
  #isAwaiting = false;
  #returning: Timer | undefined;
  #recheck: Timer | undefined;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  /** Before anybody is answered: who was an endpoint before the restart. */
  restore(leases: readonly Lease[]): void {
    for (const { expiresAt = Number.POSITIVE_INFINITY, ...lease } of leases) {
      if (this.#refusal(lease.address) !== undefined) {
        this.#options.leases.drop(lease.node);
        continue;
      }
      this.#instances.set(lease.node, {
        arrival: { ...lease, notAfter: expiresAt },
        state: 'leaving',
        problem: 'not seen since the control plane started',
        departedAt: undefined,
        leased: lease.serial,
        timer: undefined,
      });
    }
    this.#isAwaiting = this.#instances.size > 0;
  }

  /** Some proxy has connected. As long as none has, nobody would hear that others are gone, so they are waited for. */
  connected(): void {
    if (!this.#isAwaiting) return;
    this.#isAwaiting = false;
    this.#returning = this.#options.clock.schedule(RETURN_MS, () => this.#stopWaiting());
  }

  /** The proxy holds its configuration, with this certificate. Called again when the certificate is renewed. */
  arrive(arrival: Arrival): void {
    const known = this.#instances.get(arrival.node);
    known?.timer?.cancel();
    const isSame = known !== undefined && isSamePlace(known.arrival, arrival);
    if (!isSame) this.remove(arrival.node);
    const instance: Instance = {
      arrival,
      state: isSame && known.state !== 'proving' ? 'present' : 'proving',
      problem: this.#refusal(arrival.address),
      departedAt: undefined,
      leased: isSame ? known.leased : undefined,
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
    if (instance.leased !== undefined) this.#options.leases.drop(node);
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
    this.#returning?.cancel();
    this.#recheck?.cancel();
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
    const { clock, probe } = this.#options;
    const { arrival } = instance;
    const result = await probe(arrival);
    if (!this.#isStanding(instance)) return;
    instance.problem = result.ok ? undefined : result.why;
    if (result.ok) return this.#proven(instance);
    const next = Math.min(retryMs * 2, LAST_RETRY_MS);
    instance.timer = clock.schedule(retryMs, () => void this.#prove(instance, next));
  }

  /** Whoever is an endpoint can be found again after a restart: so it is written down before the callers hear of it. */
  async #proven(instance: Instance): Promise<void> {
    const { leases, onChanged } = this.#options;
    const { node, service, address, port, serial, notAfter, tokenId } = instance.arrival;
    if (instance.leased !== serial) {
      instance.leased = serial;
      await leases.keep({ node, service, address, port, serial, tokenId, expiresAt: notAfter });
    }
    if (!this.#isStanding(instance)) return;
    if (instance.state === 'proving') {
      instance.state = 'present';
      onChanged(service);
    }
    this.#removeDisplaced(instance.arrival);
  }

  #isStanding(instance: Instance): boolean {
    return this.#instances.get(instance.arrival.node) === instance && instance.state !== 'leaving';
  }

  /** Where one is proven, no other can be: whoever was there has left for good. */
  #removeDisplaced(by: Arrival): void {
    for (const { arrival, state } of [...this.#instances.values()]) {
      if (state === 'leaving' && arrival.node !== by.node && isSamePlace(arrival, by))
        this.remove(arrival.node);
    }
  }

  /** From now on, whoever has not come back since the restart has left. */
  #stopWaiting(): void {
    const { clock, graceMs } = this.#options;
    for (const instance of this.#instances.values()) {
      if (instance.state === 'leaving') instance.departedAt ??= clock.now() - graceMs;
    }
    this.#removeExpired();
  }

  #removeExpired(): void {
    const { clock, graceMs, onFrozen } = this.#options;
    const leaving = [...this.#instances.values()].filter(({ departedAt }) => departedAt !== undefined);
    const departures = leaving.map(({ departedAt }) => departedAt as number);
    const isFrozen = isMassDeparture(departures, this.#instances.size);
    if (isFrozen !== this.#isFrozen) {
      this.#isFrozen = isFrozen;
      onFrozen(isFrozen);
    }
    const now = clock.now();
    for (const { arrival, departedAt } of leaving) {
      const isOver = now - (departedAt as number) >= graceMs;
      if (isOver && (!isFrozen || now >= arrival.notAfter)) this.remove(arrival.node);
    }
    this.#recheck?.cancel();
    if (isFrozen) this.#recheck = clock.schedule(FROZEN_RECHECK_MS, () => this.#removeExpired());
  }
}
