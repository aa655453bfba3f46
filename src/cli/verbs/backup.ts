import { systemClock } from '../../lib/clock.ts';
import { makeBackup } from '../../store/backup.ts';
import { newPassphrase, PASSPHRASE_OPTION } from '../passphrase.ts';
import { STATE_OPTION, stateFolder } from '../state-folder.ts';
import { EXIT, flag, requiredPositional, type Verb } from '../verb.ts';

export const backup: Verb = {
  positionals: ['FILE'],
  usage: 'backup FILE',
  details: `Writes the whole state to one file, encrypted with a passphrase: authorities, the token key, which tokens and
certificates were issued, the last good document, the log of commands. The server may run meanwhile. Token files and
documents are not in it. An existing file is never overwritten.

  portcullis backup shop-2026-05-01.backup --passphrase-file /root/backup-passphrase`,
  options: {
    state: STATE_OPTION,
    'passphrase-file': PASSPHRASE_OPTION,
    json: { type: 'boolean', help: 'print one JSON object' },
  },
  async run(input) {
    const { terminal } = input;
    const file = requiredPositional(input, 0, 'FILE');
    const state = stateFolder(input);
    const { bytes } = await makeBackup(state, file, () => newPassphrase(input), systemClock);
    if (flag(input, 'json')) terminal.print(JSON.stringify({ file, state, bytes }));
    else terminal.print(`wrote ${file}: the state of ${state}; nothing opens it but its passphrase`);
    return EXIT.ok;
  },
};
