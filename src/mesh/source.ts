import { Composer, type CST, Lexer, LineCounter, Parser } from 'yaml';
import { type Located, locatedViolation } from './located.ts';
import type { Position } from './mesh.ts';
import type { Problem } from './problem.ts';
import type { Violation } from './violation.ts';
import { locateYaml } from './yaml-tree.ts';

/** One file of a document, as read. */
export interface SourceFile {
  /** As shown to people, e.g. the path they gave. */
  readonly file: string;
  readonly bytes: Uint8Array;
}

export type SourceResult =
  | { readonly ok: true; readonly root: Located }
  /** `root` where the rest can be looked at all the same: nothing is wrong but keys that are given twice. */
  | { readonly ok: false; readonly violations: readonly Violation[]; readonly root?: Located };

/** Room for a few thousand services with their policies. */
export const MAX_FILE_BYTES = 1024 * 1024;

/** The schema is 8 levels deep, and each level of text costs at most three of the parser's. */
const MAX_NESTING = 64;

const EMPTY: Problem = {
  message: 'is empty',
  hint: 'a document starts with "version: 1", "mesh: …" and "trustDomain: …"',
};

const SEVERAL_DOCUMENTS: Problem = {
  message: 'holds several YAML documents',
  hint: 'keep one in a file: remove the line "---", or make a folder of files',
};

const TOO_DEEP: Problem = {
  message: `nests more than ${MAX_NESTING} levels deep`,
  hint: 'nothing in a mesh document needs that: look for brackets or dashes that were never meant',
};

/** The parser's own words where they are not for people who write a mesh. */
const PLAIN_WORDS: Readonly<Record<string, string>> = {
  NON_STRING_KEY: 'a key must be plain text, not a list or a mapping',
};

/**
 * Text to a tree of plain data with the place of every value (YAML 1.2.2, core schema). Never throws. What it costs is
 * bounded by the size of the file: text that nests too deep is refused before anything recurses into it.
 */
export function parseSource({ file, bytes }: SourceFile): SourceResult {
  const lines = new LineCounter();
  const placeOf = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const refuse = (problem: Problem, offset = 0): SourceResult => ({
    ok: false,
    violations: [locatedViolation(placeOf(offset), '', problem)],
  });

  const text = decode(bytes);
  if (typeof text !== 'string') return refuse(text);
  const { tokens, tooDeepAt } = tokenize(text, lines);
  if (tooDeepAt !== undefined) return refuse(TOO_DEEP, tooDeepAt);

  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    stringKeys: true,
    // `locateYaml` reports duplicate keys with both places.
    uniqueKeys: false,
    prettyErrors: false,
  });
  const [document, second] = [...composer.compose(tokens, false, text.length)];
  if (!document) return refuse(EMPTY);
  if (second) return refuse(SEVERAL_DOCUMENTS, second.range[0]);
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    const violations = faults.map(({ code, message, pos }) =>
      locatedViolation(placeOf(pos[0]), '', { message: PLAIN_WORDS[code] ?? lowerFirst(message) }),
    );
    return { ok: false, violations };
  }
  const { root, violations, isSound } = locateYaml(document.contents, placeOf);
  if (violations.length > 0) return isSound ? { ok: false, violations, root } : { ok: false, violations };
  return root.data === null ? refuse(EMPTY) : { ok: true, root };
}

/** Strict UTF-8 text, or why it is none. */
function decode(bytes: Uint8Array): string | Problem {
  if (bytes.length > MAX_FILE_BYTES) {
    const hint = 'split it over several files of a folder';
    return { message: `is ${bytes.length} bytes: at most ${MAX_FILE_BYTES} are read`, hint };
  }
  if (bytes.includes(0)) return { message: 'is not text: it holds NUL bytes', hint: 'save it as UTF-8' };
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // The decoder says only that it failed, and that is all there is to say.
    return { message: 'is not valid UTF-8', hint: 'save it as UTF-8' };
  }
}

/** The parser keeps a stack of its own; only what composes its tokens recurses. */
function tokenize(text: string, lines: LineCounter): { tokens: CST.Token[]; tooDeepAt?: number } {
  const tokens: CST.Token[] = [];
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length > MAX_NESTING) return { tokens, tooDeepAt: parser.offset };
  }
  tokens.push(...parser.end());
  return { tokens };
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
