import { systemClock } from '../../lib/clock.ts';
import { askServer } from '../ask-server.ts';
import type { ServerStatus } from '../server-status.ts';
import { STATE_OPTION, stateFolder } from '../state-folder.ts';
import { isHealthy, statusLines } from '../status-text.ts';
import { EXIT, flag, type Verb } from '../verb.ts';

export const status: Verb = {
  positionals: [],
  usage: 'status [--state DIR]',
  details: `Asks the server of the state folder, else the demo that runs here. Shows the document in force, each proxy
with the state of each resource type (synced: it holds what was sent; stale: its answer is due; rejected: it refused
the newest, with Envoy's reason), its certificate, and refused joins. Exit code 1 where a document, a
configuration or a gateway's certificate is refused, or an instance does not serve as it should; refused joins alone do
not count, since anybody who reaches the port can cause them.`,
  options: { state: STATE_OPTION, json: { type: 'boolean', help: 'print one JSON object' } },
  async run(input) {
    const { terminal } = input;
    const { body } = await askServer(stateFolder(input), 'GET', '/status');
    const current = body as ServerStatus;
    if (flag(input, 'json')) {
      terminal.print(JSON.stringify(current));
    } else {
      for (const line of statusLines(terminal, current, systemClock.now())) terminal.print(line);
    }
    return isHealthy(current) ? EXIT.ok : EXIT.no;
  },
};
