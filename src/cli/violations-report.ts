import { formatViolation, type Violation } from '../mesh/violation.ts';
import { count, type Terminal } from './terminal.ts';
import { EXIT, type ExitCode } from './verb.ts';

/** Prints all violations and how many there are; the exit code is that of "no". */
export function reportViolations(
  terminal: Terminal,
  violations: readonly Violation[],
  json: boolean,
): ExitCode {
  if (json) {
    terminal.print(JSON.stringify({ ok: false, violations }));
    return EXIT.no;
  }
  for (const violation of violations) terminal.print(formatViolation(violation));
  terminal.complain(terminal.style(`${count(violations.length, 'violation')}; nothing was applied`, 'red'));
  return EXIT.no;
}
