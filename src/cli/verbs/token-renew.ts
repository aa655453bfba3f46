import { systemClock } from '../../lib/clock.ts';
import { ControlPlaneError } from '../../lib/errors.ts';
import { loadMesh } from '../../mesh/read.ts';
import { formatViolation } from '../../mesh/violation.ts';
import { readXdsTarget } from '../bootstrap-file.ts';
import { documentPath, MESH_OPTION } from '../document-path.ts';
import { durationOption } from '../duration-option.ts';
import { renewInState } from '../renew-in-state.ts';
import { renewOverXds } from '../renew-over-xds.ts';
import { STATE_OPTION, stateFolder } from '../state-folder.ts';
import type { Terminal } from '../terminal.ts';
import { type Renew, type RenewedFile, renewTokenFile } from '../token-file-renewal.ts';
import { watchTokenFile } from '../token-watch.ts';
import {
  EXIT,
  flag,
  requiredPositional,
  textOption,
  UsageError,
  type Verb,
  type VerbInput,
} from '../verb.ts';

/** Over the xDS port where a bootstrap says where that is; else with the key in the state folder. */
function renewalOf(input: VerbInput): Renew {
  const bootstrap = textOption(input, 'bootstrap');
  const isTtlGiven = textOption(input, 'ttl') !== undefined;
  if (bootstrap !== undefined) {
    if (isTtlGiven)
      throw new UsageError('--ttl is for who has the state folder: a sidecar gets as long as before');
    return async (token) => renewOverXds(await readXdsTarget(bootstrap), token, systemClock);
  }
  const ttlMs = isTtlGiven ? durationOption(input, 'ttl', '') : undefined;
  return async (token) => {
    const loaded = await loadMesh(documentPath(input), systemClock);
    if (!loaded.ok)
      throw new ControlPlaneError('ERR_STATE', loaded.violations.map(formatViolation).join('\n'));
    return renewInState({ state: stateFolder(input), mesh: loaded.mesh, ttlMs }, token);
  };
}

function report(terminal: Terminal, file: string, { before, after }: RenewedFile, isJson: boolean): void {
  const { jti, sub: service } = after;
  const expiresAt = after.exp * 1_000;
  if (isJson) terminal.print(JSON.stringify({ file, service, jti, predecessor: before.jti, expiresAt }));
  else
    terminal.print(
      `renewed ${file}: token ${jti} for ${service}, good until ${new Date(expiresAt).toISOString()}`,
    );
}

function untilStopped(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  return stop.signal;
}

export const tokenRenew: Verb = {
  positionals: ['FILE'],
  usage: 'token renew FILE [--bootstrap FILE] [--watch]',
  details: `Replaces the token in FILE by its successor: for the same service, instance and addresses, good for as long as
before. The sidecar takes it with its next stream; from then on the old one is refused. On the machine of a sidecar,
name the bootstrap: the control plane is asked over the port that the sidecar uses, with the token itself, which must
still be good. Run it there as the sidecar's user, with --watch as a service of its own. Without --bootstrap it takes the
state folder.

  portcullis token renew /etc/portcullis/web.token --bootstrap /etc/portcullis/web.json --watch`,
  options: {
    bootstrap: { type: 'string', value: 'FILE', help: "the sidecar's bootstrap: where the control plane is" },
    watch: { type: 'boolean', help: 'keep renewing in 50 to 70 % of each life, until stopped' },
    ttl: { type: 'string', value: 'DURATION', help: 'how long the new one is good for (default: as before)' },
    mesh: MESH_OPTION,
    state: STATE_OPTION,
    json: { type: 'boolean', help: 'print one JSON object for each renewal (without the token itself)' },
  },
  async run(input) {
    const { terminal } = input;
    const path = requiredPositional(input, 0, 'FILE');
    const renew = renewalOf(input);
    const onRenewed = (renewed: RenewedFile) => report(terminal, path, renewed, flag(input, 'json'));
    if (!flag(input, 'watch')) {
      onRenewed(await renewTokenFile(path, renew));
      return EXIT.ok;
    }
    const onFailed = (why: string) => terminal.complain(`portcullis token renew: ${why}`);
    const options = { path, renew, clock: systemClock, random: Math.random, onRenewed, onFailed };
    await watchTokenFile(options, untilStopped());
    return EXIT.ok;
  },
};
