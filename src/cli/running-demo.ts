/**
 * How `call`, `can` and `status` find the demo that runs in this folder: it leaves a file with what it printed,
 * readable by its owner only, since the API's token is in it.
 */
import { readFileSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { writeFileAtomically } from '../store/atomic-file.ts';
import { makeFolder } from '../store/make-folder.ts';

const proxySchema = z.object({
  node: z.string(),
  token: z.string(),
  outbound: z.string().optional(),
  inbound: z.string().optional(),
  envoyAdmin: z.string(),
  pid: z.number(),
});

const readySchema = z.object({
  ready: z.literal(true),
  mesh: z.string(),
  admin: z.string(),
  adminToken: z.string(),
  gateway: z.string(),
  xds: z.string(),
  xdsCa: z.string(),
  proxies: z.record(z.string(), proxySchema),
});

/** The line that `demo --json` prints. */
export type DemoReady = z.infer<typeof readySchema>;

const recordPath = () => resolve('.portcullis', 'demo.json');

const recordSchema = z.object({ pid: z.number(), ready: readySchema });

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** What the running demo printed, or undefined if none runs here. */
export function findRunningDemo(): DemoReady | undefined {
  try {
    const record = recordSchema.parse(JSON.parse(readFileSync(recordPath(), 'utf8')));
    return isAlive(record.pid) ? record.ready : undefined;
  } catch {
    return undefined; // no demo was ever started here, or it died while writing
  }
}

export async function recordRunningDemo(ready: DemoReady): Promise<void> {
  await makeFolder(dirname(recordPath()), 0o700);
  await writeFileAtomically(recordPath(), JSON.stringify({ pid: process.pid, ready }));
}

/** Removes the record if it is still this process's, and its folder if nothing else is in there. */
export function forgetRunningDemo(): void {
  try {
    const { pid } = recordSchema.parse(JSON.parse(readFileSync(recordPath(), 'utf8')));
    if (pid !== process.pid) return;
    rmSync(recordPath());
    rmdirSync(dirname(recordPath()));
  } catch {
    // another demo replaced it, it is gone already, or the folder holds more
  }
}
