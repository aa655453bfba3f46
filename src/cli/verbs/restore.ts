import { restoreBackup } from '../../store/backup.ts';
import { givenPassphrase, PASSPHRASE_OPTION } from '../passphrase.ts';
import { STATE_OPTION, stateFolder } from '../state-folder.ts';
import { EXIT, flag, requiredPositional, type Verb } from '../verb.ts';

export const restore: Verb = {
  positionals: ['FILE'],
  usage: 'restore FILE --state DIR',
  details: `Puts a backup into a state folder that does not exist yet, or is empty. All of it is checked before anything is
there. A token that was revoked after the backup was made is good again: revoke it again.

  portcullis restore shop-2026-05-01.backup --state /var/lib/portcullis`,
  options: {
    state: STATE_OPTION,
    'passphrase-file': PASSPHRASE_OPTION,
    json: { type: 'boolean', help: 'print one JSON object' },
  },
  async run(input) {
    const { terminal } = input;
    const file = requiredPositional(input, 0, 'FILE');
    const state = stateFolder(input);
    const { createdAt } = await restoreBackup(file, state, () => givenPassphrase(input));
    const made = new Date(createdAt).toISOString();
    if (flag(input, 'json')) terminal.print(JSON.stringify({ file, state, createdAt: made }));
    else terminal.print(`restored ${state} as it was at ${made}; tokens revoked since then are good again`);
    return EXIT.ok;
  },
};
