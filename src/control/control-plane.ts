/**
 * The one loop. Facts come in (a document, a stream, an acknowledgement, a renewed certificate, an instance gone);
 * what they touch is compiled and handed to the xDS cache, which pushes the difference. Nothing else writes there.
 */

import { dependents } from '../compile/dependents.ts';
import type { Proxy } from '../compile/proxy.ts';
import type { LiveSvid } from '../identity/svid.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { spiffeIdOf } from '../lib/spiffe-id.ts';
import type { Mesh } from '../mesh/mesh.ts';
import { nodeId, SVID_SECRET } from '../proto/names.ts';
import { SECRET } from '../proto/resource-types.ts';
import type { Lease } from '../store/leases.ts';
import type { StreamInfo, SubscribedEvent, XdsEvents } from '../xds/events.ts';
import type { DocumentState } from './document-in-force.ts';
import type { Joined } from './join-gate.ts';
import { type InstanceStatus, Presence, type PresenceOptions } from './presence.ts';
import { ProxyCertificate } from './proxy-certificate.ts';
import type { ProxyStatus } from './proxy-status.ts';
import { ProxyStatusBook } from './proxy-status.ts';
import type { Publisher, VersionedResource } from './publisher.ts';
import { type RecordedRefusal, RefusalLog } from './refusal-log.ts';

/** One live certificate per node; renewal is reported through `ControlPlane.renewed`. */
export interface SvidSource {
  /** @param held the serial number that the proxy holds: only then may the answer be without its key */
  svidFor(node: string, spiffeId: string, held: string | undefined): Promise<LiveSvid>;
  forget(node: string): void;
}

export interface ControlPlaneOptions {
  readonly publisher: Publisher;
  readonly svids: SvidSource;
  /** The Secret resources for a certificate: its own, the trust bundle, and a gateway's listener certificates. */
  readonly secretsFor: (proxy: Proxy, svid: LiveSvid) => readonly VersionedResource[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly presence: Pick<PresenceOptions, 'graceMs' | 'allowLoopback' | 'probe' | 'leases'>;
}

interface Member {
  readonly proxy: Proxy;
  readonly tokenId: string;
  readonly stream: StreamInfo;
  readonly certificate: ProxyCertificate;
  /** The serial with which its presence was told last. */
  arrivedWith: string | undefined;
}

/** Endpoint changes closer together than this are compiled once. */
const COALESCE_MS = 5;
/** How long the status and the certificate of a proxy that left are kept. */
const FORGET_AFTER_MS = 10 * 60_000;

const serves = ({ services, gateways }: Mesh, { service }: Proxy) =>
  services.has(service) || gateways.has(service);

export class ControlPlane {
  readonly #options: ControlPlaneOptions;
  readonly #members = new Map<string, Member>();
  readonly #status = new ProxyStatusBook();
  readonly #refusals: RefusalLog;
  readonly #presence: Presence;
  readonly #changedServices = new Set<string>();
  #coalescing: Timer | undefined;
  #document: DocumentState | undefined;
  #dependents: ReadonlyMap<string, readonly string[]> = new Map();

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
    this.#refusals = new RefusalLog(options.clock);
    this.#presence = new Presence({
      ...options.presence,
      clock: options.clock,
      onChanged: (service) => this.#endpointsChanged(service),
      onFrozen: (isFrozen) => {
        if (isFrozen)
          options.logger.error(
            {},
            'so many instances left together that none is removed: presence is frozen',
          );
        else options.logger.info({}, 'enough instances are back: presence is not frozen any more');
      },
    });
  }

  /** Before anybody is answered: who was an endpoint before the restart is one until it is clear that it is gone. */
  restore(leases: readonly Lease[]): void {
    this.#presence.restore(leases);
  }

  /** A new document is in force: everybody is compiled anew; equal resources stay as they are in the cache. */
  documentChanged(document: DocumentState): void {
    this.#document = document;
    this.#dependents = dependents(document.mesh, document.rules);
    for (const member of this.#members.values()) {
      this.#publish(member);
      member.certificate.search();
    }
  }

  /** A certificate was renewed. */
  renewed(node: string, svid: LiveSvid): void {
    this.#members.get(node)?.certificate.renewed(svid);
  }

  /** Something outside the document that goes into secrets changed, such as a gateway's certificate file. */
  secretsChanged(): void {
    for (const member of this.#members.values()) this.#publish(member);
  }

  holderOf(node: string): string | undefined {
    return this.#members.get(node)?.stream.peerAddress;
  }

  proxies(): readonly ProxyStatus[] {
    return this.#status.list((node) => this.#options.publisher.published(node));
  }

  instances(): readonly InstanceStatus[] {
    return this.#presence.list();
  }

  /** So many instances left together that none is removed. */
  get isFrozen(): boolean {
    return this.#presence.isFrozen;
  }

  refusals(): readonly RecordedRefusal[] {
    return this.#refusals.list();
  }

  endpoints(): Readonly<Record<string, readonly string[]>> {
    const table = this.#presence.endpoints();
    return Object.fromEntries(
      [...table].map(([service, list]) => [service, list.map(({ address, port }) => `${address}:${port}`)]),
    );
  }

  /** What the xDS server tells. */
  readonly events: Required<
    Pick<XdsEvents, 'connected' | 'subscribed' | 'sent' | 'acked' | 'nacked' | 'refused' | 'disconnected'>
  > = {
    connected: (stream) => this.#join(stream),
    subscribed: (stream, event) => this.#subscribed(stream, event),
    sent: ({ nodeId: node, id }, { typeUrl, nonce, versions, removed }) =>
      this.#status.sent(node, id, typeUrl, nonce, { versions, removed }),
    acked: (stream, { typeUrl, nonce }) => {
      this.#status.acked(stream.nodeId, stream.id, typeUrl, nonce);
      this.#registerIfReady(stream);
    },
    nacked: ({ nodeId: node, id }, { typeUrl, nonce, message }) =>
      this.#status.nacked(node, id, typeUrl, nonce, message, this.#options.clock.now()),
    refused: (refusal) => this.#refusals.add(refusal),
    disconnected: (stream) => this.#leave(stream),
  };

  /** At once, and for good: its token was revoked. A certificate that it holds is never taken for its own again. */
  expel(node: string): void {
    this.#presence.remove(node);
    this.#options.svids.forget(node);
  }

  close(): void {
    this.#coalescing?.cancel();
    this.#presence.close();
  }

  /** It is served all but secrets at once: these depend on the certificate that it holds, which it has not told yet. */
  #join(stream: StreamInfo): void {
    const { proxy, tokenId } = stream.subject as Joined;
    const node = stream.nodeId;
    const older = this.#members.get(node);
    older?.certificate.close();
    const certificate = new ProxyCertificate({
      ...this.#options,
      node,
      holding: older?.certificate.holding,
      find: (heldSerial) => this.#certificateFor(proxy, heldSerial),
      onChanged: () => this.#certificateChanged(member),
    });
    const member: Member = { proxy, tokenId, stream, certificate, arrivedWith: undefined };
    this.#members.set(node, member);
    this.#status.connected(node, stream.id, stream.peerAddress, this.#options.clock.now());
    this.#presence.connected();
    this.#publish(member);
  }

  async #certificateFor(proxy: Proxy, heldSerial: string | undefined): Promise<LiveSvid | undefined> {
    const { mesh } = this.#document ?? {};
    if (!mesh || !serves(mesh, proxy)) return undefined;
    const spiffeId = spiffeIdOf(mesh.trustDomain, proxy.service);
    return this.#options.svids.svidFor(nodeId(proxy), spiffeId, heldSerial);
  }

  #certificateChanged(member: Member): void {
    const { svid } = member.certificate;
    if (svid) this.#status.certified(nodeId(member.proxy), svid.serial, svid.notAfter);
    this.#publish(member);
  }

  #subscribed({ nodeId: node, id }: StreamInfo, { typeUrl, names, held }: SubscribedEvent): void {
    this.#status.subscribed(node, id, typeUrl, held);
    if (typeUrl !== SECRET.typeUrl) return;
    const isForIt = names.includes(SVID_SECRET);
    this.#members.get(node)?.certificate.asked({ isForIt, heldSerial: held.get(SVID_SECRET) });
  }

  #leave(stream: StreamInfo): void {
    const { clock } = this.#options;
    const node = stream.nodeId;
    if (this.#members.get(node)?.stream.id !== stream.id) return; // a newer stream of this node took over
    this.#members.get(node)?.certificate.close();
    this.#members.delete(node);
    this.#status.disconnected(node, stream.id, clock.now());
    this.#presence.depart(node);
    clock.schedule(FORGET_AFTER_MS, () => this.#forgetIfGone(node));
  }

  #forgetIfGone(node: string): void {
    if (this.#members.has(node)) return;
    this.#status.forget(node);
    this.#options.svids.forget(node);
  }

  /** A proxy serves once it holds its listener and the very certificate that was issued to it last. */
  #registerIfReady({ nodeId: node, peerAddress }: StreamInfo): void {
    const member = this.#members.get(node);
    const { svid } = member?.certificate ?? {};
    if (!member || !svid || !member.proxy.inbound || member.arrivedWith === svid.serial) return;
    const { proxy, tokenId } = member;
    const { serial, notAfter } = svid;
    const holds =
      this.#status.holds(node, ['LDS']) && this.#status.ackedVersion(node, 'SDS', SVID_SECRET) === serial;
    if (!holds) return;
    member.arrivedWith = serial;
    const place = { address: peerAddress, port: member.proxy.inbound.port };
    this.#presence.arrive({ node, service: proxy.service, ...place, serial, notAfter, tokenId });
  }

  #endpointsChanged(service: string): void {
    this.#changedServices.add(service);
    this.#coalescing ??= this.#options.clock.schedule(COALESCE_MS, () => {
      const changed = new Set(this.#changedServices);
      this.#changedServices.clear();
      this.#coalescing = undefined;
      this.#publishDependents(changed);
    });
  }

  #publishDependents(changed: ReadonlySet<string>): void {
    const concerned = new Set([...changed].flatMap((service) => this.#dependents.get(service) ?? []));
    for (const member of this.#members.values()) {
      if (concerned.has(member.proxy.service)) this.#publish(member);
    }
  }

  #publish({ proxy, certificate: { svid } }: Member): void {
    if (!this.#document) return;
    const { mesh } = this.#document;
    const { publisher, secretsFor } = this.#options;
    if (!serves(mesh, proxy)) {
      this.#presence.remove(nodeId(proxy));
      publisher.withdraw(nodeId(proxy));
      return;
    }
    const secrets = svid && secretsFor(proxy, svid);
    publisher.publish(this.#document, this.#presence.endpoints(), proxy, secrets);
  }
}
