/** What `can` says of a decision, as lines for people. */
import type { Position } from '../mesh/mesh.ts';
import { describeKey } from '../policy/describe.ts';
import type { Call, Connection } from '../policy/evaluate.ts';
import type { Explanation, NearMiss } from '../policy/explain.ts';
import { printable, type Terminal } from './terminal.ts';

export const positionText = ({ file, line, column }: Position) => `${file}:${line}:${column}`;

const VERDICTS = {
  allow: { text: 'allowed', style: 'green' },
  deny: { text: 'denied', style: 'red' },
  refused: { text: 'refused', style: 'yellow' },
} as const;

function asked(call: Call | Connection): string {
  const caller = call.caller.spiffeId;
  const what = 'method' in call ? `${call.method} ${call.path}` : `port ${call.port}`;
  return printable(`${caller} → ${call.callee}: ${what}`);
}

function reason({ decision }: Explanation): string {
  if (decision.verdict === 'refused')
    return printable(`with 400, whatever the policies say: ${decision.why ?? ''}`);
  if (decision.rule) return `by "${decision.rule.policy}" at ${positionText(decision.rule.position)}`;
  return 'by default: no policy allows it';
}

function nearestLines({ rule, differences }: NearMiss): readonly string[] {
  return [
    `nearest: "${rule.policy}" at ${positionText(rule.position)} would allow it, but`,
    ...differences.map(({ key, asked: was, accepted }) => {
      const subject = key === 'to' ? 'callee' : describeKey(key);
      return `  ${subject} is ${printable(was)}, and it takes ${accepted}`;
    }),
  ];
}

export interface ExplanationTextOptions {
  readonly withFix: boolean;
}

export function explanationLines(
  terminal: Pick<Terminal, 'style'>,
  call: Call | Connection,
  explanation: Explanation,
  { withFix }: ExplanationTextOptions,
): readonly string[] {
  const { decision, nearest, fix } = explanation;
  const { text, style } = VERDICTS[decision.verdict];
  const lines = [`${terminal.style(text, style, 'bold')} ${reason(explanation)}`, `  ${asked(call)}`];
  if (decision.verdict !== 'refused' && decision.why !== undefined)
    lines.push(`  ${printable(decision.why)}`);
  for (const audit of decision.audits) {
    lines.push(`  the audit policy "${audit.policy}" at ${positionText(audit.position)} would deny it`);
  }
  if (nearest) lines.push(...nearestLines(nearest));
  if (fix === undefined) return lines;
  if (!withFix) return [...lines, 'to allow it, add --fix and paste what it prints'];
  return [...lines, 'to allow it, add under "policies:"', '', ...fix.trimEnd().split('\n')];
}
