/** One line for people out of one line of a sidecar's JSON access log. */
import type { Style, Terminal } from '../terminal.ts';
import { printable } from '../terminal.ts';
import { type AccessLogEntry, accessLogEntry } from './access-log-entry.ts';

function verdictOf({ status, policy }: AccessLogEntry): { text: string; style: Style } {
  if (status === 403) return { text: `denied by ${policy ?? 'default'}`, style: 'red' };
  if (status === 0 || status >= 500) return { text: 'failed', style: 'yellow' };
  if (status >= 400) return { text: 'refused', style: 'yellow' };
  return { text: policy === undefined ? 'answered' : `allowed by ${policy}`, style: 'green' };
}

/**
 * undefined for lines that are no access log, for calls that began before `since` (milliseconds since the epoch), and
 * for the caller's half of a call that the callee logs, too.
 */
export function liveLine(terminal: Pick<Terminal, 'style'>, line: string, since: number): string | undefined {
  const entry = accessLogEntry(line);
  if (!entry || Date.parse(entry.time) < since || (entry.side !== 'inbound' && !entry.isLocalReply))
    return undefined;
  const { text, style } = verdictOf(entry);
  const call = printable(`${entry.caller} → ${entry.callee}: ${entry.method} ${entry.path}`);
  return `${terminal.style(entry.time.slice(11, 23), 'dim')}  ${terminal.style(String(entry.status), style)}  ${call}  ${terminal.style(printable(text), style)}`;
}
