import {
  formatPosition,
  type Located,
  type LocatedEntry,
  locatedList,
  locatedMap,
  locatedViolation,
} from './located.ts';
import { quote } from './problem.ts';
import type { Violation } from './violation.ts';

type Merge = (
  key: string,
  entries: readonly LocatedEntry[],
) => { entry: LocatedEntry; violations: readonly Violation[] };

/** How a top-level key that stands in several files of a folder becomes one; any other may stand in one file only. */
const MERGES: Readonly<Record<string, Merge>> = {
  services: mergeMaps,
  groups: mergeMaps,
  gateways: mergeMaps,
  policies: mergeLists,
  tests: mergeLists,
};

/** The files of a folder as one document. Values keep the places and paths that they have in their own files. */
export function mergeFiles(roots: readonly Located[]): { root: Located; violations: readonly Violation[] } {
  const [first] = roots as [Located];
  const strange = roots.find((root) => !isMap(root));
  if (roots.length === 1 || strange) return { root: strange ?? first, violations: [] };

  const byKey = new Map<string, LocatedEntry[]>();
  for (const root of roots) {
    for (const [key, entry] of root.entries) byKey.set(key, [...(byKey.get(key) ?? []), entry]);
  }
  const entries = new Map<string, LocatedEntry>();
  const violations: Violation[] = [];
  for (const [key, parts] of byKey) {
    const merged = (MERGES[key] ?? keepFirst)(key, parts);
    entries.set(key, merged.entry);
    violations.push(...merged.violations);
  }
  return { root: locatedMap(entries, first.position, ''), violations };
}

function keepFirst(key: string, [first, ...others]: readonly LocatedEntry[]) {
  return {
    entry: first as LocatedEntry,
    violations: others.map((other) => givenTwice(key, first as LocatedEntry, other)),
  };
}

function mergeMaps(_key: string, parts: readonly LocatedEntry[]) {
  const [first] = parts as [LocatedEntry];
  const strange = parts.find(({ node }) => !isMap(node));
  if (strange || parts.length === 1) return { entry: strange ?? first, violations: [] };
  const entries = new Map<string, LocatedEntry>();
  const violations: Violation[] = [];
  for (const [name, entry] of parts.flatMap(({ node }) => [...node.entries])) {
    const earlier = entries.get(name);
    if (earlier) violations.push(givenTwice(name, earlier, entry));
    else entries.set(name, entry);
  }
  return { entry: { ...first, node: locatedMap(entries, first.node.position, first.node.path) }, violations };
}

function mergeLists(_key: string, parts: readonly LocatedEntry[]) {
  const [first] = parts as [LocatedEntry];
  const strange = parts.find(({ node }) => !Array.isArray(node.data) || node.data.length === 0);
  if (strange || parts.length === 1) return { entry: strange ?? first, violations: [] };
  const items = parts.flatMap(({ node }) => [...node.entries.values()]);
  const entries = new Map(items.map((item, index) => [String(index), item]));
  return {
    entry: { ...first, node: locatedList(entries, first.node.position, first.node.path) },
    violations: [],
  };
}

function givenTwice(key: string, earlier: LocatedEntry, later: LocatedEntry): Violation {
  return locatedViolation(later.keyPosition, later.node.path, {
    message: `${quote(key)} is already given at ${formatPosition(earlier.keyPosition)}`,
    hint: 'keep one of the two',
  });
}

const isMap = ({ data }: Located) => typeof data === 'object' && data !== null && !Array.isArray(data);
