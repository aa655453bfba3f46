/**
 * The document that is in force, and what is wrong with the one on disk, if anything. Reading never replaces the
 * last good document by a worse one: it is exchanged whole or not at all, and kept on disk for the next start.
 */
import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import type { Mesh } from '../mesh/mesh.ts';
import { parseMesh } from '../mesh/parse.ts';
import { readDocument } from '../mesh/read.ts';
import type { SourceFile } from '../mesh/source.ts';
import { formatViolation, type Violation } from '../mesh/violation.ts';
import { normalise } from '../policy/normalise.ts';
import type { RuleTable } from '../policy/rule.ts';

/** Where the last good document survives a restart. */
export interface LastGoodStore {
  load(): Promise<readonly SourceFile[] | undefined>;
  /** @param digest as in `DocumentState` */
  save(files: readonly SourceFile[], digest: string): Promise<void>;
}

export interface DocumentState {
  readonly mesh: Mesh;
  readonly rules: RuleTable;
  /** SHA-256 of names and contents. */
  readonly digest: string;
  readonly files: readonly SourceFile[];
  /** Counts the documents taken since the start, from 1. */
  readonly revision: number;
  readonly since: number;
}

export interface DocumentProblem {
  readonly since: number;
  readonly violations: readonly Violation[];
}

export interface DocumentInForceOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly lastGood: LastGoodStore;
}

/** Identities are bound to names that may not change under a running mesh. */
function identityObjection(inForce: Mesh, next: Mesh): string | undefined {
  if (next.trustDomain !== inForce.trustDomain) {
    return `trustDomain cannot change once an authority exists: it is "${inForce.trustDomain}"`;
  }
  if (next.name !== inForce.name) return `mesh cannot change under a running server: it is "${inForce.name}"`;
  return undefined;
}

export class DocumentInForce {
  readonly #options: DocumentInForceOptions;
  #state: DocumentState | undefined;
  #problem: DocumentProblem | undefined;
  #reading: Promise<void> | undefined;
  #readAgain = false;
  #listener: (state: DocumentState) => void = () => {};
  #refusedListener: (problem: DocumentProblem) => void = () => {};

  constructor(options: DocumentInForceOptions) {
    this.#options = options;
  }

  get state(): DocumentState | undefined {
    return this.#state;
  }

  get problem(): DocumentProblem | undefined {
    return this.#problem;
  }

  /** Calls back after each change from now on. */
  onChanged(listener: (state: DocumentState) => void): void {
    this.#listener = listener;
  }

  /** Calls back after each refusal from now on. */
  onRefused(listener: (problem: DocumentProblem) => void): void {
    this.#refusedListener = listener;
  }

  /** Reads the document for the first time; where it is bad, the last good one of an earlier run takes its place. */
  async start(): Promise<void> {
    await this.reload();
    if (this.#state) return;
    const files = await this.#options.lastGood.load();
    const parsed = files && parseMesh(files);
    if (!files || !parsed?.ok) return;
    this.#options.logger.error({}, 'the document is bad; the last good one is in force');
    this.#take(parsed.mesh, 'last-good', files);
  }

  /** Reads the document now. Calls during a reading cause one more afterwards, never two at once. */
  async reload(): Promise<void> {
    if (this.#reading) {
      this.#readAgain = true;
      return this.#reading;
    }
    this.#reading = this.#readUntilSettled();
    try {
      await this.#reading;
    } finally {
      this.#reading = undefined;
    }
  }

  async #readUntilSettled(): Promise<void> {
    do {
      this.#readAgain = false;
      await this.#readOnce();
    } while (this.#readAgain);
  }

  async #readOnce(): Promise<void> {
    const read = await readDocument(this.#options.path, this.#options.clock);
    if (!read.ok) return this.#refuse(read.violations);
    if (read.digest === this.#state?.digest) return this.#clearProblem();
    const parsed = parseMesh(read.files);
    if (!parsed.ok) return this.#refuse(parsed.violations);
    const objection = this.#state && identityObjection(this.#state.mesh, parsed.mesh);
    if (objection !== undefined) return this.#refuse([this.#wholeDocument(objection)]);
    this.#clearProblem();
    this.#take(parsed.mesh, read.digest, read.files);
    await this.#options.lastGood.save(read.files, read.digest).catch((error: unknown) => {
      const reason = messageOf(error);
      this.#options.logger.error(
        { reason },
        'the last good document could not be saved; it is in force all the same',
      );
    });
  }

  #take(mesh: Mesh, digest: string, files: readonly SourceFile[]): void {
    const { clock, logger } = this.#options;
    const revision = (this.#state?.revision ?? 0) + 1;
    this.#state = { mesh, rules: normalise(mesh), digest, files, revision, since: clock.now() };
    logger.info({ revision, digest, mesh: mesh.name, services: mesh.services.size }, 'document in force');
    this.#listener(this.#state);
  }

  #wholeDocument(message: string): Violation {
    const hint = 'put the old name back, or start another server with another state folder';
    return { file: this.#options.path, line: 1, column: 1, path: '', message, hint };
  }

  #clearProblem(): void {
    this.#problem = undefined;
  }

  #refuse(violations: readonly Violation[]): void {
    const { clock, logger } = this.#options;
    this.#problem = { since: this.#problem?.since ?? clock.now(), violations };
    this.#refusedListener(this.#problem);
    logger.error(
      { violations: violations.map(formatViolation), inForce: this.#state?.revision ?? null },
      'document refused; the last good one stays in force',
    );
  }
}
