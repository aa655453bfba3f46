/**
 * The one loop. Facts come in (a document, a stream, an acknowledgement, a renewed certificate, an instance gone);
 * what they touch is compiled and handed to the xDS cache, which pushes the difference. Nothing else writes there.
 */

import { dependents } from '../compile/dependents.ts';
import type { Proxy } from '../compile/proxy.ts';
import type { Svid } from '../identity/svid.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import { spiffeIdOf } from '../lib/spiffe-id.ts';
import { nodeId, SVID_SECRET } from '../proto/names.ts';
import type { StreamInfo, XdsEvents } from '../xds/events.ts';
import type { DocumentState } from './document-in-force.ts';
import type { Joined } from './join-gate.ts';
import { type InstanceStatus, Presence, type PresenceOptions } from './presence.ts';
import type { ProxyStatus } from './proxy-status.ts';
import { ProxyStatusBook } from './proxy-status.ts';
import type { Publisher, VersionedResource } from './publisher.ts';
import { type RecordedRefusal, RefusalLog } from './refusal-log.ts';

/** One live certificate per node; renewal is reported through `ControlPlane.renewed`. */
export interface SvidSource {
  svidFor(node: string, spiffeId: string): Promise<Svid>;
  forget(node: string): void;
}

export interface ControlPlaneOptions {
  readonly publisher: Publisher;
  readonly svids: SvidSource;
  /** The Secret resources for a certificate: its own, the trust bundle, and a gateway's listener certificates. */
  readonly secretsFor: (proxy: Proxy, svid: Svid) => readonly VersionedResource[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly presence: Pick<PresenceOptions, 'graceMs' | 'allowLoopback' | 'probe'>;
}

interface Member {
  readonly proxy: Proxy;
  readonly stream: StreamInfo;
  svid: Svid | undefined;
  /** The serial with which its presence was told last. */
  arrivedWith: string | undefined;
}

/** Endpoint changes closer together than this are compiled once. */
const COALESCE_MS = 5;
/** How long the status and the certificate of a proxy that left are kept. */
const FORGET_AFTER_MS = 10 * 60_000;

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

  /** A new document is in force: everybody is compiled anew; equal resources stay as they are in the cache. */
  documentChanged(document: DocumentState): void {
    this.#document = document;
    this.#dependents = dependents(document.mesh, document.rules);
    for (const member of this.#members.values()) this.#publish(member);
  }

  /** A certificate was renewed. */
  renewed(node: string, svid: Svid): void {
    const member = this.#members.get(node);
    if (!member) return;
    member.svid = svid;
    this.#status.certified(node, svid.serial, svid.notAfter);
    this.#publish(member);
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
    Pick<XdsEvents, 'connected' | 'sent' | 'acked' | 'nacked' | 'refused' | 'disconnected'>
  > = {
    connected: (stream) => void this.#join(stream),
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

  close(): void {
    this.#coalescing?.cancel();
    this.#presence.close();
  }

  async #join(stream: StreamInfo): Promise<void> {
    const { svids, clock, logger } = this.#options;
    const { proxy } = stream.subject as Joined;
    const node = stream.nodeId;
    const member: Member = { proxy, stream, svid: undefined, arrivedWith: undefined };
    this.#members.set(node, member);
    this.#status.connected(node, stream.id, stream.peerAddress, clock.now());
    try {
      const trustDomain = this.#document?.mesh.trustDomain;
      if (trustDomain === undefined) return;
      const svid = await svids.svidFor(node, spiffeIdOf(trustDomain, proxy.service));
      if (this.#members.get(node) !== member) return;
      this.renewed(node, svid);
    } catch (error) {
      logger.error(
        { node, reason: messageOf(error) },
        'no certificate could be issued; the proxy gets no configuration',
      );
    }
  }

  #leave(stream: StreamInfo): void {
    const { clock } = this.#options;
    const node = stream.nodeId;
    if (this.#members.get(node)?.stream.id !== stream.id) return; // a newer stream of this node took over
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
    const { inbound, service } = member?.proxy ?? {};
    const serial = member?.svid?.serial;
    if (!member || !inbound || !service || !serial || member.arrivedWith === serial) return;
    const holds =
      this.#status.holds(node, ['LDS']) && this.#status.ackedVersion(node, 'SDS', SVID_SECRET) === serial;
    if (!holds) return;
    member.arrivedWith = serial;
    this.#presence.arrive({ node, service, address: peerAddress, port: inbound.port, serial });
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

  #publish({ proxy, svid }: Member): void {
    if (!this.#document || !svid) return;
    const { mesh } = this.#document;
    const { publisher, secretsFor } = this.#options;
    if (!mesh.services.has(proxy.service) && !mesh.gateways.has(proxy.service)) {
      this.#presence.remove(nodeId(proxy));
      publisher.withdraw(nodeId(proxy));
      return;
    }
    publisher.publish(this.#document, this.#presence.endpoints(), proxy, secretsFor(proxy, svid));
  }
}
