/**
 * Everything the command line prints goes through here. Data goes to standard output; what is said to people about
 * it goes to standard error when `--json` is given. Colour only where a person looks (NO_COLOR is honoured).
 */

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
export type Style = keyof typeof CODES;

export interface Terminal {
  /** One line on standard output. */
  print(line: string): void;
  /** One line on standard error. */
  complain(line: string): void;
  style(text: string, ...styles: readonly Style[]): string;
}

export interface TerminalStreams {
  readonly out: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly err: { write(text: string): unknown };
  readonly env: NodeJS.ProcessEnv;
}

function wantsColour({ out, env }: TerminalStreams): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR && env.FORCE_COLOR !== '0') return true;
  return out.isTTY === true && env.TERM !== 'dumb';
}

export function createTerminal(streams: TerminalStreams): Terminal {
  const colour = wantsColour(streams);
  return {
    print: (line) => void streams.out.write(`${line}\n`),
    complain: (line) => void streams.err.write(`${line}\n`),
    style(text, ...styles) {
      if (!colour) return text;
      return styles.reduce((styled, style) => `\u001b[${CODES[style]}m${styled}\u001b[0m`, text);
    },
  };
}

/** Rows of cells as lines with aligned columns; widths are of the plain text. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows.reduce<number[]>(
    (known, row) => row.map((cell, column) => Math.max(known[column] ?? 0, cell.length)),
    [],
  );
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** `1 policy`, `2 policies`. */
export function count(number: number, noun: string): string {
  if (number === 1) return `1 ${noun}`;
  return `${number} ${noun.replace(/y$/, 'ie')}s`;
}

/** Text from outside (a peer's header, a rejection) made safe to print: no control characters, no turned direction. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are exactly what must not reach a terminal
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}
