import { systemClock } from '../../lib/clock.ts';
import { spiffeIdOf } from '../../lib/spiffe-id.ts';
import { loadMesh } from '../../mesh/read.ts';
import { formatViolation } from '../../mesh/violation.ts';
import { explain } from '../../policy/explain.ts';
import { normalise } from '../../policy/normalise.ts';
import { explanationLines } from '../explanation-text.ts';

export interface AskedCall {
  readonly from: string;
  readonly to: string;
  readonly method: string;
  readonly path: string;
}

/** What `portcullis can … --fix` prints of a call, asked of the document as it is on disk now. */
export async function explainCall(
  document: string,
  { from, to, method, path }: AskedCall,
): Promise<readonly string[]> {
  const loaded = await loadMesh(document, systemClock);
  if (!loaded.ok) return loaded.violations.map(formatViolation);
  const { mesh } = loaded;
  const port = mesh.services.get(to)?.ports[0]?.name ?? '';
  const caller = { spiffeId: spiffeIdOf(mesh.trustDomain, from) };
  const call = { caller, callee: to, port, method, path, host: to, headers: {} };
  const plain = { style: (text: string) => text };
  return explanationLines(plain, call, explain(mesh, normalise(mesh), call), { withFix: true });
}
