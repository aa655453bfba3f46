/** The demo as a process of its own, in a folder of its own. */
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { DemoReady } from '../../src/cli/running-demo.ts';
import { type CliProcess, spawnCli } from './cli.ts';
import { within } from './within.ts';

const READY_WITHIN_MS = 45_000;

export interface RunningDemo extends CliProcess {
  readonly ready: DemoReady;
  /** Where the demo keeps everything. */
  readonly folder: string;
}

/** Starts `demo --json` and waits for its line. */
export async function startDemo(cwd: string): Promise<RunningDemo> {
  const demo = spawnCli(['demo', '--json'], { cwd });
  const line = new Promise<string>((resolve, reject) => {
    demo.child.stdout?.on('data', () => {
      const { stdout } = demo.said();
      if (stdout.includes('\n')) resolve(stdout.slice(0, stdout.indexOf('\n')));
    });
    demo.ended.then(({ stderr }) => reject(new Error(`the demo ended: ${stderr}`)), reject);
  });
  const ready = JSON.parse(await within(READY_WITHIN_MS, 'the demo was not ready', line)) as DemoReady;
  return { ...demo, ready, folder: dirname(ready.mesh) };
}

/** The processes that have this text in their arguments. */
export async function processesNaming(text: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const named = await Promise.all(
    pids.map(async (pid) => {
      // it may end while we look
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return command.includes(text) ? Number(pid) : undefined;
    }),
  );
  return named.filter((pid) => pid !== undefined);
}

/** Every address of loopback on which this demo listens. */
export function addressesOf({ admin, gateway, xds, proxies }: DemoReady): readonly string[] {
  const own = Object.values(proxies).flatMap(({ inbound, outbound, envoyAdmin }) => [
    inbound,
    outbound,
    envoyAdmin,
  ]);
  return [admin, gateway, xds, ...own].flatMap((url) =>
    url === undefined ? [] : [url.replace('http://', '')],
  );
}

export function isListening(address: string): Promise<boolean> {
  const [host = '', port = ''] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect(Number(port), host);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
