import { expect, test } from 'vitest';
import { HEAD, violationsIn } from '../../test/support/mesh-text.ts';
import { parseMesh } from './parse.ts';
import { MAX_FILE_BYTES, parseSource } from './source.ts';
import { formatViolation } from './violation.ts';

function refusalOf(bytes: Uint8Array): string {
  const result = parseSource({ file: 'mesh.yaml', bytes });
  return result.ok ? 'accepted' : result.violations.map(formatViolation).join('\n');
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

test.each([
  ['an empty file', '', '1:1: is empty'],
  ['a file of comments', '# nothing yet\n', '1:1: is empty'],
  ['an empty YAML document', '---\n...\n', '1:1: is empty'],
  ['two YAML documents', 'a: 1\n---\nb: 2\n', '2:1: holds several YAML documents'],
  ['text that is cut short', 'a: {b: 1', '1:9: flow map in block collection must'],
  ['a tab as indentation', 'a:\n\tb: 1\n', '2:1: tabs are not allowed as indentation'],
  ['a key that is a list', '[a]: 1\n', '1:1: a key must be plain text'],
  ['a key given twice', 'a: 1\nb: 2\na: 3\n', '3:1: a: the key "a" is already given at mesh.yaml:1:1'],
  ['a merge key', 'a: &a {b: 1}\nc:\n  <<: *a\n', '3:3: c["<<"]: merge keys are not supported'],
  [
    'a key that objects treat specially',
    '__proto__: {a: 1}\n',
    '1:1: __proto__: a key cannot be "__proto__"',
  ],
  ['an unknown tag', 'a: !secret x\n', '1:4: unresolved tag: !secret'],
  ['an alias without an anchor', 'a: *b\n', '1:4: a: the alias "b" has no anchor before it'],
  ['an alias inside its own anchor', 'a: &a [*a]\n', '1:8: a[0]: the alias "a" has no anchor before it'],
  [
    'a line break in a value',
    'a: "b\\nc"\n',
    '1:4: a: "b\\nc" holds a line break or another control character',
  ],
  ['a terminal escape in a key', '"\\e[2J": 1\n', 'holds a line break or another control character'],
  ['half a surrogate pair', 'a: "\\ud800"\n', '1:4: a: "\\ud800" is not well-formed Unicode'],
  [
    'too long a text',
    `a: ${'x'.repeat(5000)}\n`,
    '1:4: a: is 5000 characters of text: at most 4096 are read',
  ],
])('%s is refused where it stands', (_what, text, expected) => {
  expect(refusalOf(bytesOf(text))).toContain(expected);
});

test('a binary file is refused', () => {
  expect(refusalOf(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0, 0))).toContain('is not text: it holds NUL bytes');
  expect(refusalOf(Uint8Array.of(0xff, 0xfe, 0x41))).toContain('is not valid UTF-8');
});

test('10 MB are refused unread', () => {
  expect(refusalOf(new Uint8Array(10_000_000))).toContain(
    `is 10000000 bytes: at most ${MAX_FILE_BYTES} are read`,
  );
});

test('aliases to aliases cannot stand for a billion values', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level <= 9; level++) {
    lines.push(
      `a${level}: &a${level} [${Array(9)
        .fill(`*a${level - 1}`)
        .join(', ')}]`,
    );
  }
  expect(refusalOf(bytesOf(lines.join('\n')))).toContain(
    'holds more than 250000 values once its aliases are followed',
  );
});

test.each([
  ['lists in lists', '['],
  ['mappings in mappings', '{a: '],
  ['dashes in dashes', '- '],
  ['keys that are keys', '? '],
])('a megabyte of %s is refused before anything recurses into it', (_what, unit) => {
  const text = unit.repeat(Math.floor(MAX_FILE_BYTES / unit.length));
  expect(refusalOf(bytesOf(text))).toContain('nests more than 64 levels deep');
});

test('an alias is followed, and what is wrong inside is told where it is written', () => {
  const text = `${HEAD}defaults: { timeout: &t 1y }\nservices:\n  orders: { port: 80, timeout: *t }\n`;
  expect(violationsIn(text)).toEqual([
    expect.stringContaining('mesh.yaml:4:25: defaults.timeout: must be a duration'),
    expect.stringContaining('mesh.yaml:4:25: services.orders.timeout: must be a duration'),
  ]);
});

test('words that older YAML took for booleans are plain text', () => {
  expect(violationsIn(`%YAML 1.1\n---\n${HEAD}services: { no: { port: 80 } }\n`)).toEqual([]);
});

test('a byte order mark does not move the places', () => {
  const result = parseMesh([{ file: 'mesh.yaml', bytes: bytesOf('\ufeffversion: 2\n') }]);
  expect(result.ok ? [] : result.violations.map(({ line, column }) => [line, column])).toContainEqual([
    1, 10,
  ]);
});
