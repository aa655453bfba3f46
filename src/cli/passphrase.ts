/** The passphrase of a backup: from a file, the environment or a person, never from the command line, which others see. */
import process from 'node:process';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { ControlPlaneError } from '../lib/errors.ts';
import { readSecretFile } from '../store/secret-file.ts';
import { textOption, UsageError, type VerbInput } from './verb.ts';

/** Who holds the file can guess as often as they like. */
const MIN_LENGTH = 12;

export const PASSPHRASE_OPTION = {
  type: 'string',
  value: 'FILE',
  help: 'a 0600 file with the passphrase (default: PORTCULLIS_PASSPHRASE, else you are asked)',
} as const;

export interface Prompt {
  readonly in: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly err: NodeJS.WritableStream;
}

/** The passphrase that opens a backup. */
export async function givenPassphrase(input: VerbInput, prompt: Prompt = ofTerminal()): Promise<string> {
  return (await storedPassphrase(input)) ?? (await ask('passphrase: ', prompt));
}

/**
 * A passphrase for a new backup; a person types it twice.
 * @throws ControlPlaneError `ERR_BACKUP` if it is too short, or was not typed alike
 */
export async function newPassphrase(input: VerbInput, prompt: Prompt = ofTerminal()): Promise<string> {
  const stored = await storedPassphrase(input);
  const passphrase = stored ?? (await ask('passphrase for the backup: ', prompt));
  if (passphrase.length < MIN_LENGTH) {
    throw new ControlPlaneError('ERR_BACKUP', `the passphrase is shorter than ${MIN_LENGTH} characters`);
  }
  if (stored === undefined && (await ask('once more: ', prompt)) !== passphrase) {
    throw new ControlPlaneError('ERR_BACKUP', 'the passphrases differ');
  }
  return passphrase;
}

async function storedPassphrase(input: VerbInput): Promise<string | undefined> {
  const file = textOption(input, 'passphrase-file');
  if (file === undefined) return input.env.PORTCULLIS_PASSPHRASE;
  const content = await readSecretFile(file);
  if (content === undefined) throw new UsageError(`there is no passphrase file "${file}"`);
  return content.replace(/\r?\n$/, '');
}

const ofTerminal = (): Prompt => ({ in: process.stdin, err: process.stderr });

/** Nothing that is typed is shown. */
async function ask(question: string, { in: input, err }: Prompt): Promise<string> {
  if (input.isTTY !== true) {
    throw new UsageError('nobody is here to type a passphrase: name a file with --passphrase-file FILE');
  }
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: nowhere, terminal: true });
  const ended = new Promise<never>((_resolve, reject) => {
    lines.once('close', () => reject(new UsageError('no passphrase was given')));
  });
  const answer = lines.question('');
  err.write(question);
  try {
    return await Promise.race([answer, ended]);
  } finally {
    lines.close();
    err.write('\n');
  }
}
