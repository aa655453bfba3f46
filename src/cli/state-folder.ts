/** The files of a state folder. What is secret is 0600; the folder itself is 0700. */
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { writeFileAtomically } from '../store/atomic-file.ts';
import { textOption, type VerbInput } from './verb.ts';

export const STATE_OPTION = {
  type: 'string',
  value: 'DIR',
  help: 'the state folder: authorities, keys (default: .portcullis)',
} as const;

export function stateFolder(input: VerbInput): string {
  return resolve(textOption(input, 'state') ?? '.portcullis');
}

/** The xDS port's certificate authority, public: what goes into bootstraps. */
export const xdsCaPath = (state: string) => join(state, 'xds-ca.pem');

const serverRecordSchema = z.object({
  pid: z.number(),
  mesh: z.string(),
  xds: z.string(),
  xdsCa: z.string(),
  admin: z.string(),
  adminToken: z.string(),
});

/** Where the server of this state folder listens; for the verbs that talk to it. */
export type ServerRecord = z.infer<typeof serverRecordSchema>;

const serverRecordPath = (state: string) => join(state, 'server.json');

export async function writeServerRecord(state: string, record: ServerRecord): Promise<void> {
  await writeFileAtomically(serverRecordPath(state), `${JSON.stringify(record)}\n`);
}

/** The server has stopped listening; one that was killed leaves its record behind. */
export async function removeServerRecord(state: string): Promise<void> {
  await rm(serverRecordPath(state), { force: true });
}

export function readServerRecord(state: string): ServerRecord | undefined {
  try {
    return serverRecordSchema.parse(JSON.parse(readFileSync(serverRecordPath(state), 'utf8')));
  } catch {
    return undefined; // never started with this state folder
  }
}
