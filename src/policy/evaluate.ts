import { describeClause } from './describe.ts';
import type { Facts } from './match-atom.ts';
import { matchRule } from './match-rule.ts';
import { normalisePath } from './normalise-path.ts';
import type { Clause, Rule, RuleTable } from './rule.ts';

export interface Caller {
  readonly spiffeId: string;
  /** IP address of the connection's other end; absent: unknown, and then no rule about addresses helps the caller. */
  readonly address?: string;
}

/** A connection to a TCP port. */
export interface Connection {
  readonly caller: Caller;
  /** A service's name. */
  readonly callee: string;
  /** A port's name. */
  readonly port: string;
}

/** A request to an HTTP port. */
export interface Call extends Connection {
  readonly method: string;
  /** Raw, with its query. */
  readonly path: string;
  /** `:authority`, with or without a port. */
  readonly host: string;
  /** By lower-case name; the values of a repeated header joined with ",". */
  readonly headers: Readonly<Record<string, string>>;
}

export interface RuleOutcome {
  readonly rule: Rule;
  /** An allow matches when all of its clauses hold, a deny already when none is known to fail. */
  readonly matched: boolean;
  readonly failed: readonly Clause[];
  /** Clauses about something unknown, such as the caller's address. They fail an allow and do not fail a deny. */
  readonly undecided: readonly Clause[];
}

export interface Decision {
  /** `refused`: Envoy answers 400 before any policy is asked. */
  readonly verdict: 'allow' | 'deny' | 'refused';
  /** The first in document order of those that decide; undefined: the default, or refused. */
  readonly rule: Rule | undefined;
  /** Why it is refused, or what was unknown and how that was taken. */
  readonly why: string | undefined;
  /** Normalised, without the query; undefined for a path that cannot be normalised, and for TCP. */
  readonly path: string | undefined;
  /** Rules of effect `audit` that match. */
  readonly audits: readonly Rule[];
  /** All rules of the callee, in document order; none if refused. */
  readonly considered: readonly RuleOutcome[];
}

/** Any matching deny denies; else any matching allow allows; else the call is denied by default. */
export function evaluate(rules: RuleTable, call: Call): Decision {
  const normalised = normalisePath(call.path);
  if (!normalised.ok) return refused(normalised.why, undefined);
  const { path } = normalised;
  if (path.includes(';') && hasPathRules(rules, call.callee)) {
    return refused(`the path holds ";", and policies for "${call.callee}" name paths`, path);
  }
  const { caller, port, method, host, headers } = call;
  const request = { method, path, host, headers };
  return decide(rules, call, { spiffeId: caller.spiffeId, address: caller.address, port, request });
}

/**
 * The same for a connection to a TCP port. Envoy chooses by identity alone there, so a rule about addresses or
 * requests never allows a connection and is never known not to deny it.
 */
export function evaluateTcp(rules: RuleTable, connection: Connection): Decision {
  const { caller, port } = connection;
  return decide(rules, connection, {
    spiffeId: caller.spiffeId,
    address: undefined,
    port,
    request: undefined,
  });
}

/** A `Call` is a request to an HTTP port, a `Connection` without a method one to a TCP port. */
export function evaluateEither(rules: RuleTable, call: Call | Connection): Decision {
  return isRequest(call) ? evaluate(rules, call) : evaluateTcp(rules, call);
}

export const isRequest = (call: Call | Connection): call is Call => 'method' in call;

/** Whether policies that decide about this callee name paths; paths with ";" are refused there. */
export function hasPathRules(rules: RuleTable, callee: string): boolean {
  return (rules.get(callee) ?? []).some(
    ({ effect, clauses }) => effect !== 'audit' && clauses.some(({ key }) => key === 'paths'),
  );
}

const refused = (why: string, path: string | undefined): Decision => ({
  verdict: 'refused',
  rule: undefined,
  why,
  path,
  audits: [],
  considered: [],
});

function decide(rules: RuleTable, { callee }: Connection, facts: Facts): Decision {
  const considered = (rules.get(callee) ?? []).map((rule) => outcomeOf(rule, facts));
  const matching = (effect: Rule['effect']) =>
    considered.filter(({ rule, matched }) => matched && rule.effect === effect);
  const deciding = matching('deny')[0] ?? matching('allow')[0];
  return {
    verdict: deciding?.rule.effect === 'allow' ? 'allow' : 'deny',
    rule: deciding?.rule,
    why: whyUnknown(deciding ? [deciding] : considered),
    path: facts.request?.path,
    audits: matching('audit').map(({ rule }) => rule),
    considered,
  };
}

function outcomeOf(rule: Rule, facts: Facts): RuleOutcome {
  const { truth, failed, undecided } = matchRule(rule, facts);
  return {
    rule,
    matched: truth === 'yes' || (truth === 'unknown' && rule.effect === 'deny'),
    failed,
    undecided,
  };
}

function whyUnknown(outcomes: readonly RuleOutcome[]): string | undefined {
  const open = outcomes.find(({ rule, failed, undecided }) => {
    return rule.effect !== 'audit' && failed.length === 0 && undecided.length > 0;
  });
  if (!open) return undefined;
  const { rule, undecided } = open;
  const clauses = undecided.map((clause) => `"${describeClause(clause)}"`).join(' and ');
  const taken = rule.effect === 'deny' ? 'denies' : 'does not allow';
  return `"${rule.policy}" asks whether ${clauses}, which is not known here, so it ${taken}`;
}
