import { createHash } from 'node:crypto';
import { constants, type Dirent } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Clock, delay } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Mesh } from './mesh.ts';
import { parseMesh } from './parse.ts';
import type { Problem } from './problem.ts';
import { MAX_FILE_BYTES, type SourceFile } from './source.ts';
import type { Violation } from './violation.ts';

export interface Document {
  readonly ok: true;
  /** One file, or those of a folder in name order. */
  readonly files: readonly SourceFile[];
  /** Of names and contents: equal digests are equal documents. */
  readonly digest: string;
}

export interface Unread {
  readonly ok: false;
  readonly violations: readonly Violation[];
}

/** Editors write in place, and a file cut short may parse without its denies: two reads must agree. */
const BETWEEN_READS_MS = 20;
const MAX_READS = 50;

const MAX_FILES = 500;
const MAX_DOCUMENT_BYTES = 8 * MAX_FILE_BYTES;

/**
 * Reads the document at `path`: a file, or the *.yaml and *.yml files of a folder. Taken only when two reads 20 ms apart
 * agree; after a second of change it is reported as being written. Never rejects: what cannot be read is a violation.
 */
export async function readDocument(path: string, clock: Clock): Promise<Document | Unread> {
  let last = await readOnce(path);
  for (let read = 1; read < MAX_READS; read++) {
    await delay(clock, BETWEEN_READS_MS);
    const current = await readOnce(path);
    if (agree(last, current)) return current;
    last = current;
  }
  return unread(path, { message: 'is being written all the time', hint: 'wait until the writing ends' });
}

/** Reads and parses the document at `path`. */
export async function loadMesh(
  path: string,
  clock: Clock,
): Promise<(Document & { readonly mesh: Mesh }) | Unread> {
  const document = await readDocument(path, clock);
  if (!document.ok) return document;
  const parsed = parseMesh(document.files);
  return parsed.ok ? { ...document, mesh: parsed.mesh } : parsed;
}

function agree(one: Document | Unread, other: Document | Unread): boolean {
  if (one.ok && other.ok) return one.digest === other.digest;
  return !one.ok && !other.ok && JSON.stringify(one) === JSON.stringify(other);
}

async function readOnce(path: string): Promise<Document | Unread> {
  let paths: readonly string[];
  try {
    paths = (await stat(path)).isDirectory() ? await yamlFilesOf(path) : [path];
  } catch (error) {
    return unread(path, accessProblem(error));
  }
  if (paths.length === 0) return unread(path, NO_FILES);
  if (paths.length > MAX_FILES) return unread(path, TOO_MANY_FILES);

  const files: SourceFile[] = [];
  let documentBytes = 0;
  for (const file of paths) {
    const bytes = await readFile(file);
    if (!(bytes instanceof Uint8Array)) return unread(file, bytes);
    documentBytes += bytes.length;
    if (documentBytes > MAX_DOCUMENT_BYTES) return unread(path, TOO_LARGE_FOLDER);
    files.push({ file, bytes });
  }
  return { ok: true, files, digest: digestOf(files) };
}

/** Not those that begin with a dot: editors keep their own there. */
async function yamlFilesOf(folder: string): Promise<readonly string[]> {
  const isDocument = ({ name }: Dirent) => /^[^.].*\.ya?ml$/.test(name);
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter(isDocument).map(({ name }) => name);
  return names.sort().map((name) => join(folder, name));
}

async function readFile(path: string): Promise<Uint8Array | Problem> {
  let handle: FileHandle | undefined;
  try {
    // Without waiting, should somebody have put a pipe there.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const file = await handle.stat();
    if (!file.isFile()) return NOT_A_FILE;
    if (file.size > MAX_FILE_BYTES) return tooLarge(file.size);
    const buffer = new Uint8Array(MAX_FILE_BYTES + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = (await handle.read(buffer, length)).bytesRead;
    }
    return length > MAX_FILE_BYTES ? tooLarge(length) : buffer.slice(0, length);
  } catch (error) {
    return accessProblem(error);
  } finally {
    await handle?.close();
  }
}

function digestOf(files: readonly SourceFile[]): string {
  const hash = createHash('sha256');
  for (const { file, bytes } of files) {
    hash.update(JSON.stringify([basename(file), bytes.length]));
    hash.update(bytes);
  }
  return hash.digest('hex');
}

const NO_FILES: Problem = {
  message: 'is a folder without *.yaml or *.yml files',
  hint: 'put the document there, or name the file itself',
};
const TOO_MANY_FILES: Problem = { message: `holds more than ${MAX_FILES} *.yaml and *.yml files` };
const TOO_LARGE_FOLDER: Problem = { message: `holds more than ${MAX_DOCUMENT_BYTES} bytes of YAML` };
const NOT_A_FILE: Problem = { message: 'is neither a file nor a folder' };

const tooLarge = (bytes: number): Problem => ({
  message: `is ${bytes} bytes: at most ${MAX_FILE_BYTES} are read`,
  hint: 'split it over several files of a folder',
});

const ACCESS_PROBLEMS: Readonly<Record<string, Problem>> = {
  ENOENT: { message: 'does not exist', hint: 'check the path; "portcullis new" writes a mesh to start from' },
  EACCES: { message: 'may not be read by this user', hint: 'check the permissions of it and of its folders' },
  ENOTDIR: { message: 'does not exist: a part of its path is a file' },
  ELOOP: { message: 'is a symbolic link that leads to itself' },
};

function accessProblem(error: unknown): Problem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return ACCESS_PROBLEMS[code] ?? { message: `cannot be read: ${messageOf(error)}` };
}

function unread(file: string, problem: Problem): Unread {
  const violation = { file, line: 1, column: 1, path: '', message: problem.message, hint: problem.hint };
  return { ok: false, violations: [violation] };
}
