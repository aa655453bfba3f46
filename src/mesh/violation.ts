import type { Position } from './mesh.ts';

/** One thing that is wrong with a document. Checking returns all of them at once. */
export interface Violation extends Position {
  /** Where in the document, e.g. `services.orders.port`. */
  readonly path: string;
  /** What is wrong and why: lower case, no full stop, quotes the input. */
  readonly message: string;
  /** What to do, e.g. `did you mean "orders"?`. */
  readonly hint: string | undefined;
}

/** `mesh.yaml:12:5: services.orders.port: must be … (did you mean …)`, one line. */
export function formatViolation(violation: Violation): string {
  const { file, line, column, path, message, hint } = violation;
  const where = path === '' ? '' : `${path}: `;
  return `${file}:${line}:${column}: ${where}${message}${hint === undefined ? '' : ` (${hint})`}`;
}
