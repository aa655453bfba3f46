/** Everything that there is to say about one decision, as data; the words on the terminal are the CLI's. */
import type { Mesh } from '../mesh/mesh.ts';
import { describeAccepted, describeIdentity } from './describe.ts';
import {
  type Call,
  type Connection,
  type Decision,
  evaluateEither,
  isRequest,
  type RuleOutcome,
} from './evaluate.ts';
import { proposeFix } from './fix.ts';
import type { Clause, ClauseKey, Rule, RuleTable } from './rule.ts';

/** One clause that keeps a rule from matching. */
export interface Difference {
  readonly key: ClauseKey | 'to';
  /** What the call asks: `GET`, `no header`. */
  readonly asked: string;
  /** What the rule accepts: `POST or PUT`, `anything but /orders/0/**`. */
  readonly accepted: string;
}

export interface NearMiss {
  readonly rule: Rule;
  /** Never empty. */
  readonly differences: readonly Difference[];
}

export interface Explanation {
  readonly decision: Decision;
  /** Of a call that is denied by default: the allow that fails in the fewest clauses, if there is one. */
  readonly nearest: NearMiss | undefined;
  /**
   * Of a denied call: YAML to paste under `policies:` that allows it and as little else as the document can say. What
   * must be changed by hand, such as a policy that denies, is said in comments. Undefined if allowed or refused.
   */
  readonly fix: string | undefined;
}

/** A `Call` to a TCP port counts as the connection that it would have to open. */
export function explain(mesh: Mesh, rules: RuleTable, asked: Call | Connection): Explanation {
  const call = isTcpPort(mesh, asked) ? connectionOf(asked) : asked;
  const decision = evaluateEither(rules, call);
  const isDenied = decision.verdict === 'deny';
  return {
    decision,
    nearest: isDenied && decision.rule === undefined ? nearestMiss(mesh, rules, call, decision) : undefined,
    fix: isDenied ? proposeFix(mesh, rules, call, decision) : undefined,
  };
}

const isTcpPort = ({ services }: Mesh, { callee, port }: Connection) =>
  services.get(callee)?.ports.find(({ name }) => name === port)?.protocol === 'tcp';

const connectionOf = ({ caller, callee, port }: Connection): Connection => ({ caller, callee, port });

function nearestMiss(
  mesh: Mesh,
  rules: RuleTable,
  call: Call | Connection,
  { considered, path }: Decision,
): NearMiss | undefined {
  const differenceOf = ({ key, negated, anyOf }: Clause): Difference => ({
    key,
    asked: askedBy(mesh, call, path, key),
    accepted: describeAccepted({ key, negated, anyOf }, mesh.trustDomain),
  });
  const own = closest(considered);
  if (own) return { rule: own.rule, differences: missing(own).map(differenceOf) };

  const elsewhere = closest(
    [...mesh.services.keys()].flatMap((callee) => allowedElsewhere(rules, call, callee)),
  );
  if (!elsewhere) return undefined;
  const callee: Difference = { key: 'to', asked: call.callee, accepted: elsewhere.rule.callee };
  return { rule: elsewhere.rule, differences: [callee, ...missing(elsewhere).map(differenceOf)] };
}

const missing = ({ failed, undecided }: RuleOutcome) => [...failed, ...undecided];

/** Fewest clauses that fail; among equals one that is about this caller, then the first in document order. */
function closest(outcomes: readonly RuleOutcome[]): RuleOutcome | undefined {
  const distance = (outcome: RuleOutcome) =>
    2 * missing(outcome).length + (missing(outcome).some(({ key }) => key === 'from') ? 1 : 0);
  return outcomes
    .filter(({ rule }) => rule.effect === 'allow')
    .toSorted((a, b) => distance(a) - distance(b))[0];
}

/** When nothing at all allows calls to this callee, perhaps another one was meant: what this caller may ask of it. */
function allowedElsewhere(rules: RuleTable, call: Call | Connection, callee: string): readonly RuleOutcome[] {
  const { considered } = evaluateEither(rules, { ...call, callee });
  return considered.filter((outcome) => missing(outcome).every(({ key }) => key !== 'from'));
}

function askedBy(mesh: Mesh, call: Call | Connection, path: string | undefined, key: ClauseKey): string {
  if (key === 'from') {
    const name = describeIdentity(call.caller.spiffeId, mesh.trustDomain);
    return call.caller.address === undefined ? name : `${name} at ${call.caller.address}`;
  }
  if (key === 'ports') return call.port;
  if (!isRequest(call)) return 'a TCP connection';
  if (key === 'methods') return call.method;
  if (key === 'hosts') return call.host;
  if (key === 'paths') return path ?? call.path;
  const name = key.slice('headers.'.length);
  return Object.hasOwn(call.headers, name) ? `"${call.headers[name]}"` : 'no header';
}
