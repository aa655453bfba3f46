import { systemClock } from '../../lib/clock.ts';
import { loadMesh } from '../../mesh/read.ts';
import { normalise } from '../../policy/normalise.ts';
import { runTests, type TestOutcome } from '../../policy/run-tests.ts';
import { documentPath, MESH_OPTION } from '../document-path.ts';
import type { Terminal } from '../terminal.ts';
import { EXIT, flag, type Verb } from '../verb.ts';
import { reportViolations } from '../violations-report.ts';

function printOutcome(terminal: Terminal, { test, passed, message }: TestOutcome): void {
  const mark = passed ? terminal.style('✓', 'green') : terminal.style('✗', 'red');
  const what = `${test.from} → ${test.to}: ${test.method} ${test.path} is ${test.expect === 'allow' ? 'allowed' : test.expect === 'deny' ? 'denied' : 'refused'}`;
  terminal.print(` ${mark} ${what}`);
  if (passed) return;
  const { file, line, column } = test.position;
  terminal.print(terminal.style(`     ${file}:${line}:${column}: ${message}`, 'red'));
}

export const test: Verb = {
  positionals: ['FILE'],
  usage: 'test [FILE]',
  details: `Runs the "tests" of the document against its policies, offline, with the evaluator that "can" uses and from
which Envoy's rules are made. Exit code 1 if one fails.

  portcullis test --mesh examples/shop/mesh.yaml`,
  options: { mesh: MESH_OPTION, json: { type: 'boolean', help: 'print one JSON object' } },
  async run(input) {
    const { terminal } = input;
    const path = input.positionals[0] ?? documentPath(input);
    const loaded = await loadMesh(path, systemClock);
    if (!loaded.ok) return reportViolations(terminal, loaded.violations, flag(input, 'json'));
    const { outcomes, untested } = runTests(loaded.mesh, normalise(loaded.mesh));
    const failed = outcomes.filter(({ passed }) => !passed).length;
    const passed = outcomes.length - failed;
    if (flag(input, 'json')) {
      const tests = outcomes.map(({ test: { position, ...rest }, passed: ok, message }) => ({
        ...rest,
        ...position,
        passed: ok,
        message,
      }));
      terminal.print(JSON.stringify({ passed, failed, untestedPolicies: untested, tests }));
      return failed === 0 ? EXIT.ok : EXIT.no;
    }
    terminal.print(terminal.style(path, 'bold'));
    for (const outcome of outcomes) printOutcome(terminal, outcome);
    terminal.print('');
    terminal.print(terminal.style(`${passed} passed, ${failed} failed`, failed === 0 ? 'green' : 'red'));
    if (untested.length > 0) {
      terminal.print(terminal.style(`no test reaches: ${untested.join(', ')}`, 'yellow'));
    }
    return failed === 0 ? EXIT.ok : EXIT.no;
  },
};
