import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Pair } from 'yaml';
import {
  formatPosition,
  joinPath,
  type Located,
  type LocatedEntry,
  locatedList,
  locatedMap,
  locatedScalar,
  locatedViolation,
} from './located.ts';
import type { Position } from './mesh.ts';
import { type Problem, quote } from './problem.ts';
import type { Violation } from './violation.ts';

/** A file of the permitted size holds fewer by itself; aliases may repeat parts of it until here. */
const MAX_VALUES = 250_000;
const MAX_TEXT = 4096;
/** What the tree of a document, aliases followed, may be deep. */
const MAX_DEPTH = 64;

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must be found
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f]/;

const MERGE_KEY: Problem = {
  message: 'merge keys are not supported',
  hint: 'write the keys out, or put what is common into "defaults"',
};

const TOO_MANY: Problem = {
  message: `holds more than ${MAX_VALUES} values once its aliases are followed`,
  hint: 'write out what the aliases stand for',
};

/**
 * A parsed document as located plain data. Aliases are followed, each value counted as often as it is used, so that a
 * few lines of aliases to aliases cannot stand for a billion values. Text is one line of well-formed Unicode. A key that
 * is given twice keeps its first value; anything else that is wrong leaves a tree that `isSound` says not to look into.
 */
export function locateYaml(
  contents: Node | null,
  placeOf: (offset: number) => Position,
): { root: Located; violations: readonly Violation[]; isSound: boolean } {
  const violations: Violation[] = [];
  const anchors = new Map<string, Node>();
  let values = 0;
  let isSound = true;

  const root = locate(contents, '', placeOf(0), 0);
  return { root, violations, isSound };

  function report(place: Position, path: string, problem: Problem): void {
    isSound = false;
    violations.push(locatedViolation(place, path, problem));
  }

  function locate(node: unknown, path: string, keyPlace: Position, depth: number): Located {
    const yaml = node as Node | null;
    const place = yaml?.range ? placeOf(yaml.range[0]) : keyPlace;
    values += 1;
    if (values === MAX_VALUES) report(place, path, TOO_MANY);
    if (depth === MAX_DEPTH) report(place, path, { message: `nests more than ${MAX_DEPTH} levels deep` });
    if (values >= MAX_VALUES || depth >= MAX_DEPTH) return locatedScalar(null, place, path);

    if (isAlias(yaml)) return follow(yaml, place, path, depth);
    const located = locateOwn(yaml, place, path, depth);
    // Set after its inside is read: an alias inside its own anchor finds nothing.
    if (yaml && 'anchor' in yaml && yaml.anchor) anchors.set(yaml.anchor, yaml);
    return located;
  }

  function locateOwn(yaml: Node | null, place: Position, path: string, depth: number): Located {
    if (isMap(yaml)) return locateMap(yaml.items, place, path, depth);
    if (isSeq(yaml)) return locateList(yaml.items, place, path, depth);
    const data = isScalar(yaml) ? yaml.value : null;
    const problem = typeof data === 'string' ? textProblem(data) : undefined;
    if (problem) report(place, path, problem);
    return locatedScalar(data, place, path);
  }

  function follow(alias: Alias, place: Position, path: string, depth: number): Located {
    const target = anchors.get(alias.source);
    if (target) return locate(target, path, place, depth);
    report(place, path, {
      message: `the alias ${quote(alias.source)} has no anchor before it`,
      hint: `write "&${alias.source}" where the value stands first, or quote the text`,
    });
    return locatedScalar(null, place, path);
  }

  function locateList(items: readonly unknown[], place: Position, path: string, depth: number): Located {
    const entries = new Map<string, LocatedEntry>();
    for (const [index, item] of items.entries()) {
      const node = locate(item, joinPath(path, index), place, depth + 1);
      entries.set(String(index), { keyPosition: node.position, node });
    }
    return locatedList(entries, place, path);
  }

  function locateMap(pairs: readonly Pair[], place: Position, path: string, depth: number): Located {
    const entries = new Map<string, LocatedEntry>();
    for (const pair of pairs) {
      const keyNode = pair.key as Node;
      const keyPosition = keyNode.range ? placeOf(keyNode.range[0]) : place;
      const key = String(isScalar(keyNode) ? keyNode.value : keyNode);
      const earlier = entries.get(key);
      const problem = keyProblem(key);
      if (problem) report(keyPosition, joinPath(path, key), problem);
      else if (earlier)
        violations.push(locatedViolation(keyPosition, joinPath(path, key), givenTwice(key, earlier)));
      else
        entries.set(key, {
          keyPosition,
          node: locate(pair.value, joinPath(path, key), keyPosition, depth + 1),
        });
    }
    return locatedMap(entries, place, path);
  }
}

function keyProblem(key: string): Problem | undefined {
  if (key === '<<') return MERGE_KEY;
  // Plain objects treat this one name specially, and so would everything after us.
  if (key === '__proto__') return { message: `a key cannot be ${quote(key)}` };
  return textProblem(key);
}

function givenTwice(key: string, earlier: LocatedEntry): Problem {
  return {
    message: `the key ${quote(key)} is already given at ${formatPosition(earlier.keyPosition)}`,
    hint: 'keep one of the two',
  };
}

function textProblem(text: string): Problem | undefined {
  if (text.length > MAX_TEXT)
    return { message: `is ${text.length} characters of text: at most ${MAX_TEXT} are read` };
  if (CONTROL_CHARACTER.test(text)) {
    return {
      message: `${quote(text)} holds a line break or another control character`,
      hint: 'write it in one line',
    };
  }
  return text.isWellFormed() ? undefined : { message: `${quote(text)} is not well-formed Unicode` };
}
