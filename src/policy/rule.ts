/**
 * The normalised form of a policy for one callee: a conjunction of clauses, each a disjunction of atoms, possibly
 * negated. The evaluator (`evaluate.ts`) and the RBAC compiler (`compile/rbac.ts`) both read this and nothing else,
 * so that what `can` answers is what Envoy enforces.
 */
import type { Effect, HeaderMatch, Position } from '../mesh/mesh.ts';

export type Atom =
  /** An exact SPIFFE ID. */
  | { readonly kind: 'identity'; readonly id: string }
  /** SPIFFE IDs that an RE2 pattern matches whole. */
  | { readonly kind: 'identityPattern'; readonly written: string; readonly regex: string }
  /** Any identity of this trust domain. */
  | { readonly kind: 'authenticated'; readonly prefix: string }
  /** The address of the connection's other end. */
  | { readonly kind: 'cidr'; readonly address: string; readonly prefixLength: number }
  | { readonly kind: 'port'; readonly name: string }
  | { readonly kind: 'method'; readonly method: string }
  /** `written` is the pattern of the document; `regex` matches `:authority` whole, with or without a port, any case. */
  | { readonly kind: 'host'; readonly written: string; readonly regex: string }
  /** A path after normalisation, without its query. */
  | { readonly kind: 'exactPath'; readonly path: string }
  | { readonly kind: 'pathPattern'; readonly written: string; readonly regex: string }
  | { readonly kind: 'header'; readonly name: string; readonly match: HeaderMatch };

export type ClauseKey = 'from' | 'ports' | 'methods' | 'hosts' | 'paths' | `headers.${string}`;

export interface Clause {
  readonly key: ClauseKey;
  /** From the policy's `not`: holds when no atom matches. */
  readonly negated: boolean;
  /** Never empty. */
  readonly anyOf: readonly Atom[];
}

export interface Rule {
  /** `0012-orders-uses-payments`: see `policyId` in `proto/names.ts`; the order is that of the document. */
  readonly id: string;
  readonly policy: string;
  readonly effect: Effect;
  readonly callee: string;
  /** ANDed. Starts with the `from` clause. */
  readonly clauses: readonly Clause[];
  readonly position: Position;
}

/** All rules of a mesh, by callee, in document order. Every service has an entry, if only an empty one. */
export type RuleTable = ReadonlyMap<string, readonly Rule[]>;
