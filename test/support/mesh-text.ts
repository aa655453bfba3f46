import type { Mesh } from '../../src/mesh/mesh.ts';
import { parseMesh } from '../../src/mesh/parse.ts';
import type { SourceFile } from '../../src/mesh/source.ts';
import { formatViolation } from '../../src/mesh/violation.ts';

/** What every document begins with. */
export const HEAD = 'version: 1\nmesh: shop\ntrustDomain: shop.example\n';

export function sourceOf(text: string, file = 'mesh.yaml'): SourceFile {
  return { file, bytes: new TextEncoder().encode(text) };
}

/** The mesh of a document that must be right. */
export function meshOf(text: string): Mesh {
  const result = parseMesh([sourceOf(text)]);
  if (!result.ok) throw new Error(result.violations.map(formatViolation).join('\n'));
  return result.mesh;
}

/** What is wrong with a document, one line each; none if it is right. */
export function violationsIn(...texts: readonly string[]): readonly string[] {
  const files = texts.map((text, index) =>
    sourceOf(text, texts.length === 1 ? 'mesh.yaml' : `${index + 1}.yaml`),
  );
  const result = parseMesh(files);
  return result.ok ? [] : result.violations.map(formatViolation);
}
