/** However the demo ends, nothing of it stays: no process, no port, no folder. */
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type CliProcess, spawnCli } from '../support/cli.ts';
import { addressesOf, isListening, processesNaming, type RunningDemo, startDemo } from '../support/demo.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { within } from '../support/within.ts';

const ENDS_WITHIN_MS = 5_000;

async function endsClean(demo: RunningDemo, act: () => void) {
  act();
  const result = await within(ENDS_WITHIN_MS, 'the demo did not end', demo.ended);
  expect(await processesNaming(demo.folder)).toEqual([]);
  expect(existsSync(demo.folder)).toBe(false);
  expect(await Promise.all(addressesOf(demo.ready).map(isListening))).not.toContain(true);
  return result;
}

/** Resolves once the demo has said the text; its folder. */
function folderOnceSaid({ child, said, ended }: CliProcess, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', () => {
      const { stdout } = said();
      if (!stdout.includes(text)) return;
      resolve(/starting the control plane for (.+)\/mesh\.yaml/.exec(stdout)?.[1] ?? '');
    });
    ended.then(({ stderr }) => reject(new Error(`it ended: ${stderr}`)), reject);
  });
}

it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  '%s ends all of it within 5 s, with exit code 0',
  async (signal) => {
    const demo = await startDemo(await temporaryFolder('demo-end'));
    expect(await processesNaming(demo.folder)).toHaveLength(6);
    const { code, stderr } = await endsClean(demo, () => demo.child.kill(signal));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  },
);

it('a second signal of somebody impatient does not cut off the cleaning up', async () => {
  const demo = await startDemo(await temporaryFolder('demo-end'));
  const { code } = await endsClean(demo, () => {
    demo.child.kill('SIGINT');
    setTimeout(() => demo.child.kill('SIGINT'), 50);
  });
  expect(code).toBe(0);
});

it.each([
  'starting the control plane',
  'starting the services',
  'starting a stock Envoy',
  'waiting until every Envoy',
])('SIGTERM during start-up, at "%s", leaves nothing', async (moment) => {
  const demo = spawnCli(['demo'], { cwd: await temporaryFolder('demo-start') });
  const folder = await folderOnceSaid(demo, moment);
  demo.child.kill('SIGTERM');
  const { code, stderr } = await within(ENDS_WITHIN_MS, 'the demo did not end', demo.ended);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(await processesNaming(folder)).toEqual([]);
  expect(existsSync(folder)).toBe(false);
});

it('a reader who goes away after the first lines takes all of it along', async () => {
  const demo = spawnCli(['demo'], { cwd: await temporaryFolder('demo-reader') });
  const folder = await folderOnceSaid(demo, 'starting the control plane');
  demo.child.stdout?.destroy();
  await within(30_000, 'the demo did not end', demo.ended);
  expect(await processesNaming(folder)).toEqual([]);
  expect(existsSync(folder)).toBe(false);
});

it('an Envoy that dies is reported, and the demo ends with 1', async () => {
  const demo = await startDemo(await temporaryFolder('demo-died'));
  const { code, stderr } = await endsClean(demo, () =>
    process.kill(demo.ready.proxies.payments?.pid ?? 0, 'SIGKILL'),
  );
  expect(code).toBe(1);
  expect(stderr).toContain('payments-envoy ended by itself (SIGKILL)');
});
