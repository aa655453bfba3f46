/** What compilation needs to know of one proxy and of who is present. Comes from node metadata and presence. */

export interface SocketAddress {
  readonly address: string;
  readonly port: number;
}

export interface Proxy {
  readonly kind: 'service' | 'gateway';
  /** The service's or gateway's name. */
  readonly service: string;
  readonly instance: string;
  /** Where the sidecar accepts mTLS; undefined for a gateway. */
  readonly inbound: SocketAddress | undefined;
  /** The explicit proxy for the app; undefined for a gateway. */
  readonly outbound: SocketAddress | undefined;
  /** Where a gateway's listeners bind. */
  readonly bindAddress: string;
  /** Declared port → port really used on this machine, where they differ. */
  readonly portMap: ReadonlyMap<number, number>;
}

export interface Endpoint {
  readonly address: string;
  /** The sidecar's inbound port. */
  readonly port: number;
  readonly weight: number;
  readonly zone: string | undefined;
}

/** By service. A service without an entry has nobody. */
export type EndpointTable = ReadonlyMap<string, readonly Endpoint[]>;

/** A resource before encoding: `message` is a plain object of the type's protobuf message. */
export interface CompiledResource {
  readonly typeUrl: string;
  readonly name: string;
  readonly message: object;
}
