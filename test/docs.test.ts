import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseMesh } from '../src/mesh/parse.ts';
import { formatViolation } from '../src/mesh/violation.ts';
import { normalise } from '../src/policy/normalise.ts';
import { runTests } from '../src/policy/run-tests.ts';

const DOCS = new URL('../docs/', import.meta.url);
const pages = readdirSync(DOCS).filter((name) => name.endsWith('.md'));

/** Fenced YAML blocks that are whole documents. */
function documentsIn(page: string): readonly string[] {
  const text = readFileSync(new URL(page, DOCS), 'utf8');
  return [...text.matchAll(/```yaml\n(.*?)```/gs)]
    .map(([, block]) => block ?? '')
    .filter((block) => /^version:/m.test(block));
}

describe('the documentation', () => {
  it('has a page about the document with a whole one in it', () => {
    expect(documentsIn('mesh-document.md')).toHaveLength(1);
  });

  it.each(pages.flatMap((page) => documentsIn(page).map((text) => [page, text] as const)))(
    '%s shows documents that are right and whose tests pass',
    (page, text) => {
      const parsed = parseMesh([{ file: page, bytes: Buffer.from(text) }]);
      if (!parsed.ok) throw new Error(parsed.violations.map(formatViolation).join('\n'));
      const { outcomes } = runTests(parsed.mesh, normalise(parsed.mesh));
      expect(outcomes.filter(({ passed }) => !passed)).toEqual([]);
    },
  );

  it.each(pages)('%s links only to files that are there', (page) => {
    const text = readFileSync(new URL(page, DOCS), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:)([^)#\s]+)/g)].map(([, target]) => target ?? '');
    for (const target of links)
      expect(() => readFileSync(new URL(target, DOCS)), target).not.toThrow('ENOENT');
  });
});
