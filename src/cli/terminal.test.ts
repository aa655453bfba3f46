import { describe, expect, it } from 'vitest';
import { count, createTerminal, printable, table } from './terminal.ts';

function styled(env: NodeJS.ProcessEnv, isTTY: boolean): string {
  const silent = { write: () => true };
  return createTerminal({ out: { ...silent, isTTY }, err: silent, env }).style('no', 'red');
}

const RED_NO = '\u001b[31mno\u001b[0m';

describe('colour', () => {
  it.each([
    ['where a person looks', {}, true, RED_NO],
    ['not in a pipe', {}, false, 'no'],
    ['not against NO_COLOR', { NO_COLOR: '1' }, true, 'no'],
    ['not against NO_COLOR, whatever FORCE_COLOR says', { NO_COLOR: '1', FORCE_COLOR: '1' }, false, 'no'],
    ['in a pipe with FORCE_COLOR', { FORCE_COLOR: '1' }, false, RED_NO],
    ['as if FORCE_COLOR=0 were not there', { FORCE_COLOR: '0' }, false, 'no'],
    ['not on a dumb terminal', { TERM: 'dumb' }, true, 'no'],
  ])('%s', (_, env, isTTY, expected) => {
    expect(styled(env, isTTY)).toBe(expected);
  });
});

describe('a table', () => {
  it('aligns its columns, however long the cells of any row are, and leaves no space at the end', () => {
    const rows = [
      ['a', 'bb', ''],
      ['aaaa', 'b', 'a long last cell takes no part'],
    ];
    expect(table(rows)).toEqual(['a     bb', 'aaaa  b   a long last cell takes no part']);
  });

  it('of nothing is nothing', () => {
    expect(table([])).toEqual([]);
  });
});

describe('text from outside', () => {
  it('cannot move the cursor, start a line, or turn the direction of what follows', () => {
    const shown = printable('a\u001b[2Jb\nc\rd\u0007e\u009bf\u202egh\u2066i');
    expect(shown).toBe('a\ufffd[2Jb\ufffdc\ufffdd\ufffde\ufffdf\ufffdgh\ufffdi');
  });

  it('is else left as it is', () => {
    expect(printable('GET /käse/日本 ✓')).toBe('GET /käse/日本 ✓');
  });
});

it('counts in words', () => {
  expect([count(0, 'service'), count(1, 'policy'), count(2, 'policy')]).toEqual([
    '0 services',
    '1 policy',
    '2 policies',
  ]);
});
