import { parseArgs } from 'node:util';
import { ControlPlaneError, messageOf } from '../lib/errors.ts';
import { overview, unknownVerb, verbHelp } from './help.ts';
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
  /** Without node and the script. */
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly terminal: Terminal;
}

function parse(verb: Verb, { argv, env, terminal }: Invocation): VerbInput {
  try {
    const { values, positionals } = parseArgs({
      args: argv.slice(1),
      options: parseArgsOptions(verb),
      allowPositionals: true,
    });
    return { positionals, options: values as VerbInput['options'], env, terminal };
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
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

/** Runs one invocation of the command line and answers its exit code. Never throws. */
export async function run(verbs: readonly VerbEntry[], invocation: Invocation): Promise<ExitCode> {
  const [name] = invocation.argv;
  const { terminal } = invocation;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    terminal.print(overview(verbs));
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  const verb = verbs.find((candidate) => candidate.name === name);
  if (verb) return runVerb(verb, invocation);
  terminal.complain(unknownVerb(name, verbs));
  return EXIT.usage;
}
