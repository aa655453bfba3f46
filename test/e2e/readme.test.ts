/** Every command of the README is run, in the order of the text, and prints what it shows. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../../src/cli/demo/free-ports.ts';
import { findEnvoy } from '../../src/cli/envoy-binary.ts';
import { VERBS } from '../../src/cli/verbs.ts';
import { runCli } from '../support/cli.ts';
import { blocksOf, firstMissing, type ShownCommand, shownCommands } from '../support/readme.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
const README = readFileSync(join(CHECKOUT, 'README.md'), 'utf8');
const PORTCULLIS = 'npm run -s portcullis --';
const PRINTS_WITHIN_MS = 45_000;

let folder: string;
let env: Record<string, string>;
/** What the README names → what stands for it here: its machines are this one. */
let stands: ReadonlyMap<string, string>;
const background: { readonly child: ChildProcess; readonly ended: Promise<unknown> }[] = [];

beforeAll(async () => {
  folder = await temporaryFolder('readme');
  for (const name of readdirSync(CHECKOUT).filter((entry) => !entry.startsWith('.'))) {
    await symlink(join(CHECKOUT, name), join(folder, name));
  }
  const machine = await temporaryFolder('machine');
  await mkdir(join(machine, 'etc'));
  const [xds, inbound, outbound] = await freePorts(3);
  const { PATH = '', HOME = '' } = process.env;
  const { path: ENVOY_BIN } = await findEnvoy(process.env);
  env = {
    ...{ PATH, HOME, ENVOY_BIN, PORTCULLIS_OUTBOUND: `127.0.0.1:${outbound}` },
    ...{ PORTCULLIS_ADMIN: '127.0.0.1:0', PORTCULLIS_ALLOW_LOOPBACK_ENDPOINTS: '1' },
  };
  stands = new Map([
    ['10.0.0.1:18000', `127.0.0.1:${xds}`],
    ['10.0.0.5:15006', `127.0.0.1:${inbound}`],
    ['/etc/portcullis', join(machine, 'etc')],
    ['/run/', `${machine}/`],
  ]);
});

afterAll(async () => {
  for (const { child, ended } of background) {
    child.kill('SIGTERM');
    await ended;
  }
});

const SHIMS = `portcullis() { ${PORTCULLIS} "$@"; }
scp() { local to="\${@: -1}"; cp "\${@:1:$#-1}" "\${to#*:}"; }
envoy() { exec "$ENVOY_BIN" --log-level warning "$@"; }
`;

function start({ commands, mark }: ShownCommand) {
  let script = commands;
  for (const [named, real] of stands) script = script.replaceAll(named, real);
  // what goes on running takes the place of its shell, so that a signal reaches it
  if (mark === 'background') {
    script = script
      .replace(/^npm run/m, 'exec npm run')
      .replace(/^portcullis serve/m, `exec ${PORTCULLIS} serve`);
  }
  const child = spawn('bash', ['-c', `${SHIMS}${script}`], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return {
    child,
    ended,
    printed() {
      let text = output;
      for (const [named, real] of stands) text = text.replaceAll(real, named);
      return text;
    },
  };
}

async function run(shown: ShownCommand): Promise<{ readonly code: unknown; readonly printed: string }> {
  const { ended, printed } = start(shown);
  const [code] = await ended;
  return { code, printed: printed() };
}

async function expectShown(shown: ShownCommand): Promise<void> {
  const { mark, output } = shown;
  const soon = { timeout: PRINTS_WITHIN_MS, interval: 100 };
  if (mark === 'background') {
    const { child, ended, printed } = start(shown);
    background.push({ child, ended });
    await expect.poll(() => firstMissing(output, printed()), soon).toBeUndefined();
  } else if (mark === 'eventually') {
    await expect.poll(async () => firstMissing(output, (await run(shown)).printed), soon).toBeUndefined();
  } else {
    const { code, printed } = await run(shown);
    expect({ missing: firstMissing(output, printed), printed }).toEqual({ missing: undefined, printed });
    if (output.length === 0) expect({ code, printed }).toEqual({ code: 0, printed });
  }
}

describe('the README', () => {
  it.each(shownCommands(README))('$commands', expectShown);

  it('shows a document that is valid and passes its tests', async () => {
    const [document = ''] = blocksOf(README, 'yaml');
    await writeFile(join(folder, 'readme.yaml'), document);
    expect(await runCli('test readme.yaml', { cwd: folder })).toMatchObject({ code: 0 });
  });

  it('names every verb', () => {
    for (const { name } of VERBS) expect(README).toMatch(new RegExp(`^\\| .*\`${name}\``, 'm'));
  });

  it('leads to files that are there, and to npm scripts that are', () => {
    const links = [...README.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter((target) => !existsSync(join(CHECKOUT, target)))).toEqual([]);
    const { scripts } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8'));
    const named = [...README.matchAll(/npm run (?:-s )?(\w+)/g)].map(([, script = '']) => script);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
  });
});
