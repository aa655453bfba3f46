import { describe, expect, it } from 'vitest';
import { overview, unknownOption, unknownVerb, verbHelp } from './help.ts';
import { parseArgsOptions } from './verb.ts';
import { VERBS } from './verbs.ts';

const WIDTH = 130;

describe('help', () => {
  it('lists every verb in a line that fits', () => {
    const lines = overview(VERBS).split('\n');
    for (const { name, summary } of VERBS) {
      expect(lines.filter((line) => line.startsWith(`  ${name} `) && line.endsWith(summary))).toHaveLength(1);
    }
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(WIDTH);
  });

  it.each(VERBS)(
    'of $name begins with its usage, names each argument and option, and fits',
    async ({ name, load }) => {
      const verb = await load();
      const lines = verbHelp(verb).split('\n');
      expect(lines[0]).toMatch(new RegExp(`^usage: portcullis ${name}( |$)`));
      for (const argument of verb.positionals) expect(lines[0]).toContain(argument);
      for (const [option, { help }] of Object.entries(verb.options)) {
        expect(lines.some((line) => line.startsWith(`  --${option}`) && line.endsWith(help))).toBe(true);
      }
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(WIDTH);
      expect(Object.keys(parseArgsOptions(verb))).toContain('help');
    },
  );

  it('suggests the verb or option that was meant, if one is near', () => {
    expect(unknownVerb('stauts', VERBS)).toBe('there is no verb "stauts" (did you mean "status"?)');
    expect(unknownVerb('x', VERBS)).toBe('there is no verb "x" (portcullis --help lists them)');
    expect(unknownOption('--mehs', ['mesh', 'from'])).toBe(
      'there is no option "--mehs" (did you mean "--mesh"?)',
    );
    expect(unknownOption('-x', ['mesh'])).toBe('there is no option "-x" (--help lists them)');
  });
});
