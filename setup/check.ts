/**
 * The daily check: `npm run check`, or `npm run check -- format types` for some of it. Prints what failed, and one line
 * for each part. End-to-end tests are for `npm test`.
 */
import { run } from './child.mjs';

const COLOUR = Boolean(process.stdout.isTTY && !process.env.NO_COLOR);

const PARTS: Readonly<Record<string, { readonly what: string; readonly command: readonly string[] }>> = {
  format: {
    what: 'format and lint',
    command: ['biome', 'ci', `--colors=${COLOUR ? 'force' : 'off'}`],
  },
  types: { what: 'types', command: ['tsc', '--noEmit', '--pretty', String(COLOUR)] },
  tests: {
    what: 'unit and golden tests',
    command: ['vitest', 'run', '--project', 'unit', '--project', 'golden'],
  },
};

async function check(part: string): Promise<boolean> {
  const { what, command } = PARTS[part] as (typeof PARTS)[string];
  const [tool = '', ...args] = command;
  const startedAt = performance.now();
  const { status, output } = await run(tool, args, {
    env: { ...process.env, [COLOUR ? 'FORCE_COLOR' : 'NO_COLOR']: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const passed = status === 0;
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  if (!passed) console.log(`${output.trim()}\n`);
  console.log(`${passed ? '✓' : '✗'} ${what} (${seconds} s)`);
  return passed;
}

const asked = process.argv.slice(2);
const unknown = asked.filter((part) => !(part in PARTS));
if (unknown.length > 0) {
  console.error(
    `there is no part "${unknown.join('", "')}" of the check; there are ${Object.keys(PARTS).join(', ')}`,
  );
  process.exit(2);
}
const results = await Promise.all((asked.length > 0 ? asked : Object.keys(PARTS)).map(check));
process.exitCode = results.every(Boolean) ? 0 : 1;
