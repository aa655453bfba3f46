/**
 * The document after parsing and checking: every reference resolves, every setting is effective (route over service
 * over defaults over built-in), every position is kept for explanations. Immutable; the rest of the project reads
 * this and never YAML.
 */

export interface Position {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

export type Protocol = 'http' | 'http2' | 'grpc' | 'tcp';

export interface Port {
  /** The name given in `ports`, or the number of a single `port` as text. */
  readonly name: string;
  /** Where the app listens, unless a proxy's bootstrap maps it elsewhere. */
  readonly port: number;
  readonly protocol: Protocol;
}

export interface Retries {
  /** Extra tries after the first; 0 turns retries off. */
  readonly attempts: number;
  /** Envoy's retry conditions. */
  readonly on: readonly string[];
}

export interface Tls {
  readonly minVersion: '1.2' | '1.3';
  /** OpenSSL names, for TLS 1.2 only (1.3 has no choice in Envoy); empty: Envoy's default list. */
  readonly ciphers: readonly string[];
}

export interface CircuitBreaker {
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequests: number;
  readonly maxRetries: number;
}

export interface OutlierDetection {
  readonly consecutive5xx: number;
  readonly intervalMs: number;
  readonly baseEjectionTimeMs: number;
  readonly maxEjectionPercent: number;
}

/** Effective settings of one service. */
export interface Settings {
  readonly mtls: 'strict';
  /** Of a whole response; 0 means none, and then `maxConnectionDurationMs` bounds the stream. */
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  /** How long a connection, and a stream on it, may outlive the decision and the certificates it began with. */
  readonly maxConnectionDurationMs: number;
  readonly retries: Retries;
  readonly tls: Tls;
  readonly circuitBreaker: CircuitBreaker;
  /** undefined: switched off. */
  readonly outlierDetection: OutlierDetection | undefined;
}

export interface ListedEndpoint {
  /** An IP address. */
  readonly address: string;
  /** The inbound port of the sidecar there. */
  readonly port: number;
  readonly weight: number;
  readonly zone: string | undefined;
}

export interface Service {
  readonly name: string;
  /** At least one; the first HTTP port is the one that a caller without a server name reaches. */
  readonly ports: readonly Port[];
  /** undefined: whoever is present. */
  readonly endpoints: readonly ListedEndpoint[] | undefined;
  readonly settings: Settings;
  readonly position: Position;
}

export interface GatewayListener {
  readonly port: number;
  /** Lower case; `*`, `*.suffix` or exact. */
  readonly hosts: readonly string[];
  /** Paths of PEM files, resolved against the document's folder. Contents never enter the mesh. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
}

export interface GatewayRoute {
  readonly hosts: readonly string[];
  /** Path patterns as in policies; undefined: every path. */
  readonly paths: readonly string[] | undefined;
  /** A service with an HTTP port. */
  readonly to: string;
  readonly position: Position;
}

export interface Gateway {
  readonly name: string;
  readonly listeners: readonly GatewayListener[];
  /** First match in list order. */
  readonly routes: readonly GatewayRoute[];
  readonly settings: Settings;
  readonly position: Position;
}

export type Principal =
  /** A service or gateway of this mesh, by name. */
  | { readonly kind: 'service'; readonly name: string }
  | { readonly kind: 'group'; readonly name: string }
  /** A SPIFFE ID; `*` stands for one or more characters of a segment, a last `**` for any rest. */
  | { readonly kind: 'spiffe'; readonly pattern: string }
  | { readonly kind: 'cidr'; readonly cidr: string }
  /** Any identity of this mesh. */
  | { readonly kind: 'authenticated' };

export type HeaderMatch =
  | { readonly kind: 'exact' | 'prefix' | 'suffix' | 'regex'; readonly value: string }
  | { readonly kind: 'present'; readonly value: boolean };

/** What may be asked of a call; absent keys ask nothing. Keys are ANDed, items of a list are ORed. */
export interface Conditions {
  readonly from?: readonly Principal[];
  readonly ports?: readonly string[];
  readonly methods?: readonly string[];
  readonly hosts?: readonly string[];
  readonly paths?: readonly string[];
  /** By lower-case name. */
  readonly headers?: Readonly<Record<string, HeaderMatch>>;
}

export type Effect = 'allow' | 'deny' | 'audit';

export interface Policy {
  readonly name: string;
  readonly effect: Effect;
  readonly from: readonly Principal[];
  /** Services, with groups already resolved, in document order, each once. */
  readonly to: readonly string[];
  readonly where: Omit<Conditions, 'from'>;
  /** Nothing listed here may match. */
  readonly not: Conditions;
  /** From 0, over all files in name order. */
  readonly order: number;
  readonly position: Position;
}

export interface MeshTest {
  readonly from: string;
  readonly to: string;
  readonly method: string;
  /** With its query, as written. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly expect: 'allow' | 'deny' | 'refused';
  /** A policy's name or `default`. */
  readonly because: string | undefined;
  readonly position: Position;
}

export interface Mesh {
  readonly name: string;
  readonly trustDomain: string;
  readonly services: ReadonlyMap<string, Service>;
  readonly gateways: ReadonlyMap<string, Gateway>;
  /** Members are names of services and gateways. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly policies: readonly Policy[];
  readonly tests: readonly MeshTest[];
}
