/** A checkout of our own making, with an npm that only pretends, so that the set-up is tried without the network. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const SETUP = fileURLToPath(new URL('.', import.meta.url));

let root: string;
let tools: string;
let started: ChildProcess[];

const lockOf = (version: string) => JSON.stringify({ packages: { 'node_modules/a': { version } } });

/** Installs what the lock file says, once no file `hold` is in its way, and notes each run. */
const PRETENDED_NPM = `#!/bin/sh
echo run >> npm-runs
echo 'npm has much to say'
while [ -e hold ]; do sleep 0.02; done
mkdir -p node_modules/.bin && cp package-lock.json node_modules/.package-lock.json
`;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'setup-run-'));
  tools = join(root, 'tools');
  started = [];
  cpSync(SETUP, join(root, 'setup'), { recursive: true });
  mkdirSync(join(root, 'protos'));
  mkdirSync(join(root, 'src/proto'), { recursive: true });
  writeFileSync(join(root, 'src/proto/loader-options.ts'), '');
  writeFileSync(
    join(root, 'protos/compile.ts'),
    "import { mkdirSync, writeFileSync } from 'node:fs';\nmkdirSync('src/proto/gen', { recursive: true });\nwriteFileSync('src/proto/gen/envoy-api.json', '{}');\n",
  );
  writeFileSync(join(root, 'package-lock.json'), lockOf('1.0.0'));
  mkdirSync(tools);
  symlinkSync(process.execPath, join(tools, 'node'));
  pretend('npm', PRETENDED_NPM);
});

afterEach(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(root, { recursive: true });
});

function pretend(name: string, script: string): void {
  writeFileSync(join(tools, name), script);
  chmodSync(join(tools, name), 0o755);
}

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts run.mjs; `onOutput` hears what has come so far on the stream that has just said something. */
function start(
  args: readonly string[],
  {
    path = `${tools}:/usr/bin:/bin`,
    onOutput,
  }: { path?: string; onOutput?: (soFar: string, child: ChildProcess) => void } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [join(root, 'setup/run.mjs'), ...args], {
    cwd: root,
    env: { PATH: path },
  });
  started.push(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
    onOutput?.(stdout, child);
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
    onOutput?.(stderr, child);
  });
  return new Promise((resolve) => child.once('close', (status) => resolve({ status, stdout, stderr })));
}

const npmRuns = () => readFileSync(join(root, 'npm-runs'), 'utf8').trim().split('\n').length;

describe('setup/run.mjs', () => {
  it('sets a fresh clone up once, and leaves stdout to the command', async () => {
    const first = await start(['sh', '-c', 'echo done']);
    expect(first).toMatchObject({ status: 0, stdout: 'done\n' });
    expect(first.stderr).toBe(
      'portcullis: installing dependencies (once, about half a minute)\nportcullis: compiling the Envoy API (once, a few seconds)\n',
    );
    expect(await start(['sh', '-c', 'echo done'])).toEqual({ status: 0, stdout: 'done\n', stderr: '' });
    expect(npmRuns()).toBe(1);
  });

  it('installs again when the lock file names another version', async () => {
    await start(['true']);
    writeFileSync(join(root, 'package-lock.json'), lockOf('2.0.0'));
    await start(['true']);
    expect(npmRuns()).toBe(2);
  });

  it('compiles the Envoy API again when the list of its files changes', async () => {
    await start(['true']);
    const later = new Date(statSync(join(root, 'src/proto/gen/envoy-api.json')).mtimeMs + 1_000);
    utimesSync(join(root, 'protos/compile.ts'), later, later);
    expect((await start(['true'])).stderr).toBe(
      'portcullis: compiling the Envoy API (once, a few seconds)\n',
    );
  });

  it('lets one of two do the work while the other waits', async () => {
    const hold = join(root, 'hold');
    writeFileSync(hold, '');
    const onOutput = (soFar: string) => {
      if (soFar.includes('waiting for another command')) rmSync(hold, { force: true });
    };
    const ended = await Promise.all([start(['true'], { onOutput }), start(['true'], { onOutput })]);
    expect(ended.map(({ status }) => status)).toEqual([0, 0]);
    expect(npmRuns()).toBe(1);
  });

  it('is not held up by a set-up that was killed', async () => {
    const lock = join(root, '.portcullis/setup.lock');
    mkdirSync(lock, { recursive: true });
    utimesSync(lock, new Date(0), new Date(0));
    expect(await start(['true'])).toMatchObject({ status: 0 });
    expect(existsSync(lock)).toBe(false);
  });

  it('shows what npm said when npm fails, and tries again the next time', async () => {
    pretend('npm', '#!/bin/sh\necho "npm error: no network"\nexit 1\n');
    const failed = await start(['true']);
    expect(failed).toMatchObject({ status: 1, stdout: '' });
    expect(failed.stderr).toContain('npm error: no network\nportcullis: error: "npm ci" failed');
    pretend('npm', PRETENDED_NPM);
    expect(await start(['true'])).toMatchObject({ status: 0 });
  });

  it('says so when npm is missing, or Node is too old', async () => {
    rmSync(join(tools, 'npm'));
    expect((await start(['true'], { path: tools })).stderr).toContain('"npm" cannot be run (ENOENT)');
    pretend('npm', PRETENDED_NPM);
    rmSync(join(tools, 'node'));
    pretend('node', '#!/bin/sh\necho v24.14.1\n');
    expect((await start(['true'])).stderr).toContain('Node.js 24.15 or newer is needed, and found v24.14.1');
  });

  it('ends with the exit code of the command, or as a shell tells its signal', async () => {
    expect(await start(['sh', '-c', 'exit 42'])).toMatchObject({ status: 42 });
    expect(await start(['sh', '-c', 'kill -KILL $$'])).toMatchObject({ status: 137 });
    expect(await start(['no-such-command'])).toMatchObject({ status: 1 });
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'passes %s on and waits for the command to end',
    async (signal) => {
      const name = signal.slice('SIG'.length);
      const script = `trap 'echo got ${name}; exit 3' ${name}; echo ready; while :; do sleep 0.05; done`;
      const onOutput = (stdout: string, child: ChildProcess) => {
        if (stdout === 'ready\n') child.kill(signal);
      };
      expect(await start(['sh', '-c', script], { onOutput })).toMatchObject({
        status: 3,
        stdout: `ready\ngot ${name}\n`,
      });
    },
  );
});
