import { parseArgs } from 'node:util';
import { ControlPlaneError, messageOf } from '../lib/errors.ts';
import { overview, unknownOption, unknownVerb, verbHelp } from './help.ts';
import type { Terminal } from './terminal.ts';
import {
  EXIT,
  type ExitCode,
  parseArgsOptions,
  UsageError,
  type Verb,
  type VerbEntry,
  type VerbInput,
} from './verb.ts';

export interface Invocation {
  /** Without node and the script; for a verb, without its name. */
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly terminal: Terminal;
}

function parse(verb: Verb, { argv, env, terminal }: Invocation): VerbInput {
  const { values, positionals, tokens } = parseWords(verb, argv);
  rejectSurplus(verb, positionals);
  rejectRepeats(verb, tokens);
  rejectEmpty(positionals, values);
  return { positionals, options: values as VerbInput['options'], env, terminal };
}

function parseWords(verb: Verb, args: readonly string[]) {
  const options = parseArgsOptions(verb);
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, tokens: true });
  } catch (error) {
    const unknown = /^Unknown option '(-[^']*)'/.exec(messageOf(error))?.[1];
    throw new UsageError(
      unknown === undefined ? messageOf(error) : unknownOption(unknown, Object.keys(options)),
    );
  }
}

/** A shell splits what was meant as one; acting on a part of it would answer another question. */
function rejectSurplus(verb: Verb, positionals: readonly string[]): void {
  const surplus = positionals.slice(verb.positionals.length);
  if (surplus.length === 0) return;
  const taken = verb.positionals.length === 0 ? 'no arguments' : verb.positionals.join(' and ');
  throw new UsageError(`"${surplus.join(' ')}" is too much: it takes ${taken} besides its options`);
}

/** Taking the last of two would answer a question that perhaps nobody asked. */
function rejectRepeats(verb: Verb, tokens: ReturnType<typeof parseWords>['tokens']): void {
  const names = tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []));
  const repeated = names.find(
    (name, index) => names.indexOf(name) !== index && !verb.options[name]?.multiple,
  );
  if (repeated !== undefined) throw new UsageError(`--${repeated} is given twice`);
}

/** An empty argument comes from a variable that was never set, and would mean the current folder to most. */
function rejectEmpty(positionals: readonly string[], values: Readonly<Record<string, unknown>>): void {
  const empty = Object.keys(values).find((name) => values[name] === '');
  if (empty !== undefined && empty !== 'data') throw new UsageError(`--${empty} is empty`);
  if (positionals.includes('')) throw new UsageError('an argument is empty');
}

function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof ControlPlaneError && error.code === 'ERR_SERVER_UNREACHABLE') return EXIT.unreachable;
  return EXIT.no;
}

async function runVerb({ name, load }: VerbEntry, invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const verb = await load();
  try {
    const input = parse(verb, invocation);
    if (input.options.help === true) {
      terminal.print(verbHelp(verb));
      return EXIT.ok;
    }
    return await verb.run(input);
  } catch (error) {
    terminal.complain(`portcullis ${name}: ${messageOf(error)}`);
    if (error instanceof UsageError) terminal.complain(`usage: portcullis ${verb.usage}`);
    return exitCodeOf(error);
  }
}

/** People type `help can` as well as `can --help`. */
function asVerbFirst(argv: readonly string[]): readonly string[] {
  return argv[0] === 'help' && argv[1] !== undefined ? [...argv.slice(1), '--help'] : argv;
}

interface Found {
  readonly verb: VerbEntry;
  /** What follows its name. */
  readonly rest: readonly string[];
}

/** `token list` is a verb of its own, before `token` is. */
function findVerb(verbs: readonly VerbEntry[], argv: readonly string[]): Found | undefined {
  for (const words of [2, 1]) {
    const said = argv.slice(0, words).join(' ');
    const verb = verbs.find(({ name, alias }) => name === said || alias === said);
    if (verb) return { verb, rest: argv.slice(words) };
  }
  return undefined;
}

/** Runs one invocation of the command line and answers its exit code. Never throws. */
export async function run(verbs: readonly VerbEntry[], invocation: Invocation): Promise<ExitCode> {
  const argv = asVerbFirst(invocation.argv);
  const [name] = argv;
  const { terminal } = invocation;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    terminal.print(overview(verbs));
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  const found = findVerb(verbs, argv);
  if (found) return runVerb(found.verb, { ...invocation, argv: found.rest });
  terminal.complain(unknownVerb(name, verbs));
  return EXIT.usage;
}
