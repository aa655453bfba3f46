/**
 * What each proxy holds, as far as it has told: versions sent, versions acknowledged, the last rejection with
 * Envoy's own words. Facts arrive as events of the xDS server; nothing here decides anything.
 */
import type { ResourceType } from '../proto/resource-types.ts';
import { RESOURCE_TYPES, resourceTypeOf } from '../proto/resource-types.ts';
import type { ResourceMap, ResourceSet } from '../xds/resource.ts';

export type Api = ResourceType['api'];

export interface Nack {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Resource name → the version that was rejected. */
  readonly versions: Readonly<Record<string, string>>;
  readonly message: string;
}

export interface TypeStatus {
  /** Resource name → version. */
  readonly sent: Readonly<Record<string, string>>;
  readonly acked: Readonly<Record<string, string>>;
  readonly lastNack: Nack | undefined;
  /**
   * `synced`: it acknowledged all that it should hold; `stale`: something is still to be sent or acknowledged;
   * `rejected`: it refused the newest push.
   */
  readonly state: 'synced' | 'stale' | 'rejected';
}

export interface ProxyStatus {
  readonly node: string;
  readonly connected: boolean;
  /** Since when it is connected, or gone. */
  readonly since: number;
  readonly peerAddress: string;
  readonly types: Partial<Record<Api, TypeStatus>>;
  /** The certificate it was sent last. */
  readonly svid: { readonly serial: string; readonly notAfter: number } | undefined;
}

interface Push {
  readonly versions: ReadonlyMap<string, string>;
  readonly removed: readonly string[];
}

interface TypeRecord {
  readonly sent: Map<string, string>;
  readonly acked: Map<string, string>;
  readonly pending: Map<string, Push>;
  newest: 'acked' | 'pending' | 'nacked';
  lastNack: Nack | undefined;
}

interface ProxyRecord {
  readonly node: string;
  connected: boolean;
  since: number;
  peerAddress: string;
  streamId: number;
  readonly types: Map<Api, TypeRecord>;
  svid: ProxyStatus['svid'];
}

function apply(into: Map<string, string>, push: Push): void {
  for (const [name, version] of push.versions) into.set(name, version);
  for (const name of push.removed) into.delete(name);
}

function stateOf(type: TypeRecord, wanted: ResourceMap | undefined): TypeStatus['state'] {
  if (type.newest === 'nacked') return 'rejected';
  const holds = [...(wanted?.values() ?? [])].every(({ name, version }) => type.acked.get(name) === version);
  return type.newest === 'acked' && holds ? 'synced' : 'stale';
}

const emptyRecord = (): TypeRecord => ({
  sent: new Map(),
  acked: new Map(),
  pending: new Map(),
  newest: 'acked',
  lastNack: undefined,
});

/** Collects the status of all proxies that ever connected since the server started, bounded by `forget`. */
export class ProxyStatusBook {
  readonly #proxies = new Map<string, ProxyRecord>();

  connected(node: string, streamId: number, peerAddress: string, at: number): void {
    const known = this.#proxies.get(node);
    const record: ProxyRecord = {
      node,
      connected: true,
      since: at,
      peerAddress,
      streamId,
      types: new Map(),
      svid: known?.svid,
    };
    this.#proxies.set(node, record);
  }

  /** What it holds from an earlier stream is as good as acknowledged. */
  subscribed(node: string, streamId: number, typeUrl: string, held: ReadonlyMap<string, string>): void {
    if (held.size === 0) return;
    const record = this.#typeRecord(node, streamId, typeUrl);
    if (record) apply(record.acked, { versions: held, removed: [] });
  }

  sent(node: string, streamId: number, typeUrl: string, nonce: string, push: Push): void {
    const record = this.#typeRecord(node, streamId, typeUrl);
    if (!record) return;
    record.pending.set(nonce, push);
    record.newest = 'pending';
    apply(record.sent, push);
  }

  acked(node: string, streamId: number, typeUrl: string, nonce: string): void {
    const record = this.#typeRecord(node, streamId, typeUrl);
    const push = record?.pending.get(nonce);
    if (!record || !push) return;
    record.pending.delete(nonce);
    apply(record.acked, push);
    if (record.pending.size === 0) record.newest = 'acked';
  }

  nacked(node: string, streamId: number, typeUrl: string, nonce: string, message: string, at: number): void {
    const record = this.#typeRecord(node, streamId, typeUrl);
    if (!record) return;
    const push = record.pending.get(nonce);
    record.pending.delete(nonce);
    record.lastNack = { at, versions: Object.fromEntries(push?.versions ?? []), message };
    if (record.pending.size === 0) record.newest = 'nacked';
  }

  disconnected(node: string, streamId: number, at: number): void {
    const record = this.#proxies.get(node);
    if (record?.streamId !== streamId) return;
    record.connected = false;
    record.since = at;
  }

  certified(node: string, serial: string, notAfter: number): void {
    const record = this.#proxies.get(node);
    if (record) record.svid = { serial, notAfter };
  }

  forget(node: string): void {
    this.#proxies.delete(node);
  }

  /** The version of a resource that the proxy holds, as far as it has told. */
  ackedVersion(node: string, api: Api, name: string): string | undefined {
    return this.#proxies.get(node)?.types.get(api)?.acked.get(name);
  }

  /** Whether the proxy has, of each of these types, at least one resource. */
  holds(node: string, apis: readonly Api[]): boolean {
    const record = this.#proxies.get(node);
    return record !== undefined && apis.every((api) => (record.types.get(api)?.acked.size ?? 0) > 0);
  }

  /**
   * Sorted by node.
   * @param wanted what a node should hold now
   */
  list(wanted: (node: string) => ResourceSet | undefined): readonly ProxyStatus[] {
    return [...this.#proxies.values()]
      .map((record) => statusOf(record, wanted(record.node)))
      .sort((a, b) => a.node.localeCompare(b.node));
  }

  #typeRecord(node: string, streamId: number, typeUrl: string): TypeRecord | undefined {
    const proxy = this.#proxies.get(node);
    const api = resourceTypeOf(typeUrl)?.api;
    if (!api || proxy?.streamId !== streamId) return undefined;
    const known = proxy.types.get(api);
    if (known) return known;
    const record = emptyRecord();
    proxy.types.set(api, record);
    return record;
  }
}

function statusOf(record: ProxyRecord, wanted: ResourceSet | undefined): ProxyStatus {
  const types: Partial<Record<Api, TypeStatus>> = {};
  for (const { api, typeUrl } of RESOURCE_TYPES) {
    const wantedOfType = wanted?.get(typeUrl);
    const type = record.types.get(api) ?? (wantedOfType && emptyRecord());
    if (!type) continue;
    types[api] = {
      sent: Object.fromEntries(type.sent),
      acked: Object.fromEntries(type.acked),
      lastNack: type.lastNack,
      state: stateOf(type, wantedOfType),
    };
  }
  const { node, connected, since, peerAddress, svid } = record;
  return { node, connected, since, peerAddress, types, svid };
}
