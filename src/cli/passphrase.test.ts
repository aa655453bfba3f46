import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { givenPassphrase, newPassphrase, type Prompt } from './passphrase.ts';
import { UsageError, type VerbInput } from './verb.ts';

const folder = mkdtempSync(join(tmpdir(), 'passphrase-'));
const file = join(folder, 'passphrase');
afterAll(() => rmSync(folder, { recursive: true }));

const inputOf = (more: Partial<VerbInput> = {}): VerbInput => ({
  positionals: [],
  options: {},
  env: {},
  terminal: { print() {}, complain() {}, style: (text) => text },
  ...more,
});
const fromFile = inputOf({
  options: { 'passphrase-file': file },
  env: { PORTCULLIS_PASSPHRASE: 'of the environment' },
});

/** A person who answers each question with the next line, and hangs up after the last. */
function person(...answers: string[]): Prompt & { shown(): string } {
  const keyboard = Object.assign(new PassThrough(), { isTTY: true });
  const screen = new PassThrough();
  let shown = '';
  screen.on('data', (chunk) => {
    shown += chunk;
    if (!String(chunk).endsWith(': ')) return;
    const answer = answers.shift();
    if (answer === undefined) keyboard.end();
    else keyboard.write(`${answer}\r`);
  });
  return { in: keyboard, err: screen, shown: () => shown };
}

const machine: Prompt = { in: new PassThrough(), err: new PassThrough() };

describe('a passphrase', () => {
  it('is read from a private file, without the end of its line', async () => {
    writeFileSync(file, ' correct horse \n', { mode: 0o600 });
    expect(await givenPassphrase(fromFile, machine)).toBe(' correct horse ');
    chmodSync(file, 0o644);
    await expect(givenPassphrase(fromFile, machine)).rejects.toThrow('run chmod 600');
    rmSync(file);
    await expect(givenPassphrase(fromFile, machine)).rejects.toThrow('there is no passphrase file');
  });

  it('is taken from the environment', async () => {
    const input = inputOf({ env: { PORTCULLIS_PASSPHRASE: 'of the environment' } });
    expect(await newPassphrase(input, machine)).toBe('of the environment');
  });

  it('is asked for where a person is, and not shown', async () => {
    const someone = person('correct horse battery', 'correct horse battery');
    expect(await newPassphrase(inputOf(), someone)).toBe('correct horse battery');
    expect(someone.shown()).toBe('passphrase for the backup: \nonce more: \n');
    expect(await givenPassphrase(inputOf(), person('short'))).toBe('short');
  });

  it('is refused if it is too short, or was not typed alike', async () => {
    await expect(newPassphrase(inputOf(), person('short'))).rejects.toThrow('shorter than 12');
    await expect(newPassphrase(inputOf(), person('correct horse', 'correct house'))).rejects.toThrow(
      'differ',
    );
  });

  it('is not waited for where nobody is, or who was there left', async () => {
    await expect(givenPassphrase(inputOf(), machine)).rejects.toThrow(UsageError);
    await expect(givenPassphrase(inputOf(), person())).rejects.toThrow('no passphrase was given');
  });
});
