import { systemClock } from '../../lib/clock.ts';
import { loadMesh } from '../../mesh/read.ts';
import { documentPath, MESH_OPTION } from '../document-path.ts';
import { count } from '../terminal.ts';
import { EXIT, flag, type Verb } from '../verb.ts';
import { reportViolations } from '../violations-report.ts';

export const validate: Verb = {
  positionals: ['FILE'],
  usage: 'validate [FILE]',
  details: `Reads the document as the server would and prints every violation with file:line:column, what is wrong,
why, and what to do. Exit code 0 if there is none, 1 otherwise.

  portcullis validate examples/shop/mesh.yaml`,
  options: {
    mesh: MESH_OPTION,
    json: { type: 'boolean', help: 'print one JSON object' },
  },
  async run(input) {
    const { terminal, positionals } = input;
    const path = positionals[0] ?? documentPath(input);
    const loaded = await loadMesh(path, systemClock);
    if (!loaded.ok) return reportViolations(terminal, loaded.violations, flag(input, 'json'));
    const { mesh } = loaded;
    const services = mesh.services.size;
    const gateways = mesh.gateways.size;
    const policies = mesh.policies.length;
    if (flag(input, 'json')) {
      terminal.print(
        JSON.stringify({ ok: true, mesh: mesh.name, services, gateways, policies, violations: [] }),
      );
    } else {
      const what = [count(services, 'service'), count(gateways, 'gateway'), count(policies, 'policy')];
      terminal.print(`${terminal.style('ok', 'green')} ${path}: mesh "${mesh.name}", ${what.join(', ')}`);
    }
    return EXIT.ok;
  },
};
