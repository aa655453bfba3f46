import { join } from 'node:path';
import { systemClock } from '../../lib/clock.ts';
import { loadMesh } from '../../mesh/read.ts';
import { writeTokenFiles } from '../../store/token-file.ts';
import { documentPath, MESH_OPTION } from '../document-path.ts';
import { durationOption } from '../duration-option.ts';
import { issueJoinToken } from '../join-token.ts';
import { STATE_OPTION, stateFolder } from '../state-folder.ts';
import { EXIT, flag, requiredPositional, textOption, type Verb } from '../verb.ts';
import { reportViolations } from '../violations-report.ts';

export const tokenCreate: Verb = {
  positionals: ['SERVICE'],
  usage: 'token create SERVICE [--instance NAME] [--out FILE]',
  details: `Writes a token file, readable by its owner only, and beside it the small file through which Envoy reads the
token. Give both to the machine of that sidecar and to nobody else: who holds the token can become the service.
The first node that comes with it is the only one that it lets in: make one for each instance. Run it where the state
folder is; a running server need not be told. "token SERVICE" does the same.

  portcullis token create orders --ttl 30d --out orders.token --at /etc/portcullis/orders.token`,
  options: {
    mesh: MESH_OPTION,
    state: STATE_OPTION,
    instance: {
      type: 'string',
      value: 'NAME',
      help: 'bind the token to this instance (default: any instance)',
    },
    cidr: { type: 'string', value: 'RANGE', help: 'bind the token to peers of this address range' },
    label: { type: 'string', value: 'TEXT', help: 'a note for "token list"' },
    ttl: { type: 'string', value: 'DURATION', help: 'how long it is good for (default: 30d)' },
    out: { type: 'string', value: 'FILE', help: 'where to write it (default: STATE/tokens/SERVICE.token)' },
    at: {
      type: 'string',
      value: 'FILE',
      help: 'where the sidecar will find it (default: where it is written)',
    },
    json: { type: 'boolean', help: 'print one JSON object (without the token itself)' },
  },
  async run(input) {
    const { terminal } = input;
    const service = requiredPositional(input, 0, 'SERVICE');
    const loaded = await loadMesh(documentPath(input), systemClock);
    if (!loaded.ok) return reportViolations(terminal, loaded.violations, flag(input, 'json'));
    const state = stateFolder(input);
    const out = textOption(input, 'out') ?? join(state, 'tokens', `${service}.token`);
    const issued = await issueJoinToken({
      state,
      mesh: loaded.mesh,
      service,
      instance: textOption(input, 'instance'),
      cidr: textOption(input, 'cidr'),
      label: textOption(input, 'label'),
      ttlMs: durationOption(input, 'ttl', '30d'),
    });
    await writeTokenFiles(out, issued.token, textOption(input, 'at'));
    const { jti, expiresAt } = issued;
    if (flag(input, 'json')) {
      terminal.print(JSON.stringify({ file: out, service, jti, expiresAt }));
    } else {
      terminal.print(
        `wrote ${out}: token ${jti} for ${service}, good until ${new Date(expiresAt).toISOString()}`,
      );
    }
    return EXIT.ok;
  },
};
