/** What the set-up says when it cannot go on: one sentence of what and why, what to do, and the tool's own last words. */
export class SetupFailure extends Error {
  /**
   * @param {string} message
   * @param {string} [output] of the tool that failed
   */
  constructor(message, output = '') {
    super(message);
    this.output = output;
  }
}

const LAST_LINES = 25;

/**
 * Runs `main`; a `SetupFailure` ends the process with code 1 and its words on stderr.
 * @param {() => Promise<void>} main
 */
export async function explainFailure(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error;
    const tail = error.output.trimEnd().split('\n').slice(-LAST_LINES).join('\n');
    if (tail) process.stderr.write(`${tail}\n`);
    say(`error: ${error.message}`);
    process.exit(1);
  }
}

/**
 * Our words go to stderr: stdout belongs to the command.
 * @param {string} text
 */
export function say(text) {
  process.stderr.write(`portcullis: ${text}\n`);
}
