import type { Position } from './mesh.ts';
import { type Problem, quote } from './problem.ts';
import type { Violation } from './violation.ts';

/** A value of the document together with where it was written: the tree that every check reports places from. */
export interface Located {
  /** Plain data: null, boolean, number, string, array or object. */
  readonly data: unknown;
  readonly position: Position;
  /** Where in the document: `services.orders.port`, `policies[3].allow.to`. */
  readonly path: string;
  /** By key, or by index as text. */
  readonly entries: ReadonlyMap<string, LocatedEntry>;
}

export interface LocatedEntry {
  /** Where the key is written; for an item of a list, where the item is. */
  readonly keyPosition: Position;
  readonly node: Located;
}

export type Key = string | number;

const PLAIN_KEY = /^[A-Za-z0-9_-]{1,64}$/;
const NO_ENTRIES: ReadonlyMap<string, LocatedEntry> = new Map();

export function locatedScalar(data: unknown, position: Position, path: string): Located {
  return { data, position, path, entries: NO_ENTRIES };
}

export function locatedList(
  entries: ReadonlyMap<string, LocatedEntry>,
  position: Position,
  path: string,
): Located {
  return { data: [...entries.values()].map((entry) => entry.node.data), position, path, entries };
}

export function locatedMap(
  entries: ReadonlyMap<string, LocatedEntry>,
  position: Position,
  path: string,
): Located {
  const data = Object.fromEntries(Array.from(entries, ([key, entry]) => [key, entry.node.data]));
  return { data, position, path, entries };
}

/**
 * The value at `keys` below `root`, or the nearest that encloses the place. A scalar may stand for a list of one, so
 * the place of its item 0 is the scalar's own.
 */
export function nodeAt(root: Located, ...keys: readonly Key[]): Located {
  let node = root;
  for (const key of keys) {
    const entry = node.entries.get(String(key));
    if (!entry) return node;
    node = entry.node;
  }
  return node;
}

/** Where the key of the value at `keys` is written; for a missing one, where the value that lacks it is. */
export function keyPositionAt(root: Located, ...keys: readonly Key[]): Position {
  const parent = nodeAt(root, ...keys.slice(0, -1));
  return parent.entries.get(String(keys.at(-1)))?.keyPosition ?? nodeAt(root, ...keys).position;
}

export function locatedViolation(position: Position, path: string, problem: Problem): Violation {
  return { ...position, path, message: problem.message, hint: problem.hint };
}

/** A problem with the value at `keys` below `root`. */
export function violationAt(root: Located, keys: readonly Key[], problem: Problem): Violation {
  const node = nodeAt(root, ...keys);
  return locatedViolation(node.position, node.path, problem);
}

/** A problem with the key at the end of `keys`, not with its value. */
export function keyViolationAt(root: Located, keys: readonly Key[], problem: Problem): Violation {
  return locatedViolation(keyPositionAt(root, ...keys), pathAt(root, keys), problem);
}

function pathAt(root: Located, keys: readonly Key[]): string {
  const parent = nodeAt(root, ...keys.slice(0, -1));
  const key = keys.at(-1);
  if (key === undefined) return parent.path;
  return parent.entries.get(String(key))?.node.path ?? joinPath(parent.path, key);
}

/** `mesh.yaml:12:5`, for naming a second place in a message. */
export function formatPosition({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`;
}

/** `services` and `orders` are `services.orders`; `policies` and 3 are `policies[3]`; odd keys are quoted. */
export function joinPath(path: string, key: Key): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  if (!PLAIN_KEY.test(key)) return `${path}[${quote(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}
