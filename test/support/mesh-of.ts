import { stringify } from 'yaml';
import type { Mesh } from '../../src/mesh/mesh.ts';
import { parseMesh } from '../../src/mesh/parse.ts';
import { formatViolation } from '../../src/mesh/violation.ts';
import { normalise } from '../../src/policy/normalise.ts';
import type { RuleTable } from '../../src/policy/rule.ts';

/** A mesh and its rules from the parts of a document that matter to a test. */
export function meshOf(document: object): { readonly mesh: Mesh; readonly rules: RuleTable } {
  const text = stringify({ version: 1, mesh: 'shop', trustDomain: 'shop.example', ...document });
  const parsed = parseMesh([{ file: 'mesh.yaml', bytes: Buffer.from(text) }]);
  if (!parsed.ok) throw new Error(parsed.violations.map(formatViolation).join('\n'));
  return { mesh: parsed.mesh, rules: normalise(parsed.mesh) };
}
