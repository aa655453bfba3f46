import { type Facts, matchAtom, type Truth } from './match-atom.ts';
import type { Clause, Rule } from './rule.ts';

export interface RuleMatch {
  readonly truth: Truth;
  readonly failed: readonly Clause[];
  /** Clauses that depend on something unknown. */
  readonly undecided: readonly Clause[];
}

export function matchRule(rule: Rule, facts: Facts): RuleMatch {
  const truths = rule.clauses.map((clause) => ({ clause, truth: matchClause(clause, facts) }));
  const clausesThatAre = (wanted: Truth) =>
    truths.filter(({ truth }) => truth === wanted).map(({ clause }) => clause);
  const failed = clausesThatAre('no');
  const undecided = clausesThatAre('unknown');
  return { truth: failed.length > 0 ? 'no' : undecided.length > 0 ? 'unknown' : 'yes', failed, undecided };
}

const NEGATED: Readonly<Record<Truth, Truth>> = { yes: 'no', no: 'yes', unknown: 'unknown' };

export function matchClause({ anyOf, negated }: Clause, facts: Facts): Truth {
  let result: Truth = 'no';
  for (const atom of anyOf) {
    const truth = matchAtom(atom, facts);
    if (truth === 'yes') return negated ? 'no' : 'yes';
    if (truth === 'unknown') result = 'unknown';
  }
  return negated ? NEGATED[result] : result;
}
