import type { Metadata } from '@grpc/grpc-js';
import type { Node__Output } from '../proto/gen/types/envoy/config/core/v3/Node.ts';

/** An admitted stream. */
export interface StreamInfo {
  /** Counts up from 1 as long as the server lives. */
  readonly id: number;
  readonly nodeId: string;
  /** As in the first request, without `extensions`: the list of what an Envoy was built with is long and of no use. */
  readonly node: Node__Output;
  /** The peer's IP address, without port. */
  readonly peerAddress: string;
  /** What the authenticator returned. */
  readonly subject: unknown;
  /** By the server's clock. */
  readonly connectedAt: number;
}

export interface AuthenticationAttempt {
  /** The metadata (headers) of the call. */
  readonly metadata: Metadata;
  readonly peerAddress: string;
  readonly nodeId: string;
  readonly node: Node__Output;
}

/** `why` is for the log and the `refused` event; the peer is told nothing. */
export type Authentication =
  | { readonly ok: true; readonly subject: unknown }
  | { readonly ok: false; readonly why: string };

/** Decides whether a peer may be the node that it says it is. Asked before anything is known or kept of the node. */
export type Authenticator = (attempt: AuthenticationAttempt) => Promise<Authentication>;

export interface SentEvent {
  readonly typeUrl: string;
  readonly nonce: string;
  /** Name to version. */
  readonly versions: ReadonlyMap<string, string>;
  readonly removed: readonly string[];
}

export interface SubscribedEvent {
  readonly typeUrl: string;
  /** What this request subscribes to, as it says it; `*` or nothing may mean everything. */
  readonly names: readonly string[];
  /** Name to version of what the client kept from an earlier stream; empty but for the first request of a type. */
  readonly held: ReadonlyMap<string, string>;
}

export interface AckedEvent {
  readonly typeUrl: string;
  readonly nonce: string;
}

export interface NackedEvent {
  readonly typeUrl: string;
  readonly nonce: string;
  /** Name to version of the response that was refused. The client may have applied a part of it. */
  readonly versions: ReadonlyMap<string, string>;
  /** The client's reason, cut to 4,096 characters. */
  readonly message: string;
}

export interface RefusedEvent {
  readonly nodeId: string;
  readonly peerAddress: string;
  readonly why: string;
}

/**
 * What the embedding code learns. For one stream: `connected`, then any of `subscribed`, `sent`, `acked`, `nacked`, then
 * `disconnected`; `refused` stands alone. On `connected` it may still have to compute the node's resources: what the
 * stream asks for waits until the cache has them, each type for itself. `subscribed` comes with the first request of a
 * type and with each that subscribes to something, before it is answered: what the receiver does to the cache on the
 * spot counts already.
 */
export interface XdsEvents {
  readonly connected?: (stream: StreamInfo) => void;
  readonly subscribed?: (stream: StreamInfo, event: SubscribedEvent) => void;
  readonly sent?: (stream: StreamInfo, event: SentEvent) => void;
  readonly acked?: (stream: StreamInfo, event: AckedEvent) => void;
  readonly nacked?: (stream: StreamInfo, event: NackedEvent) => void;
  readonly refused?: (event: RefusedEvent) => void;
  readonly disconnected?: (stream: StreamInfo, why: string) => void;
}
