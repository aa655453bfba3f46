import { didYouMean } from '../mesh/suggest.ts';
import { table } from './terminal.ts';
import type { Verb, VerbEntry } from './verb.ts';

/** The overview: what it is, every verb in one line, how to go on. */
export function overview(verbs: readonly VerbEntry[]): string {
  const rows = table(verbs.map(({ name, summary }) => [`  ${name}`, summary]));
  return [
    'portcullis: a zero-trust service mesh from one mesh.yaml, enforced by stock Envoy',
    '',
    'usage: portcullis VERB [OPTIONS]',
    '',
    ...rows,
    '',
    'portcullis VERB --help explains one. Exit codes: 0 yes, ok or allowed; 1 no, violations or denied;',
    '2 wrong usage; 3 no answer from the server. Options can be set in the environment, too: --state as',
    'PORTCULLIS_STATE.',
  ].join('\n');
}

export function verbHelp(verb: Verb): string {
  const options = Object.entries(verb.options).map(([name, { value, help }]) => [
    `  --${name}${value === undefined ? '' : ` ${value}`}`,
    help,
  ]);
  return [
    `usage: portcullis ${verb.usage}`,
    '',
    verb.details,
    ...(options.length === 0 ? [] : ['', 'options:', ...table(options)]),
  ].join('\n');
}

export function unknownVerb(name: string, verbs: readonly VerbEntry[]): string {
  const names = verbs.map((verb) => verb.name);
  return `there is no verb "${name}" (${didYouMean(name, names) ?? 'portcullis --help lists them'})`;
}

/** @param known without their dashes */
export function unknownOption(option: string, known: readonly string[]): string {
  const hint =
    didYouMean(
      option,
      known.map((name) => `--${name}`),
    ) ?? '--help lists them';
  return `there is no option "${option}" (${hint})`;
}
