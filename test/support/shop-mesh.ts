import type { Mesh } from '../../src/mesh/mesh.ts';
import { parseMesh } from '../../src/mesh/parse.ts';
import { formatViolation } from '../../src/mesh/violation.ts';
import type { Call } from '../../src/policy/evaluate.ts';

/**
 * A mesh "shop" of the trust domain "shop.example" from the rest of its document, as YAML or as data, with its
 * policies each as the inside of a flow mapping: `name: p, allow: { … }`.
 */
export function shopMesh(document: string | object, policies: readonly string[] = []): Mesh {
  const rest =
    typeof document === 'string'
      ? document
      : Object.entries(document)
          .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
          .join('\n');
  const list =
    policies.length > 0 ? `policies:\n${policies.map((policy) => `  - { ${policy} }`).join('\n')}` : '';
  const text = `version: 1\nmesh: shop\ntrustDomain: shop.example\n${rest}\n${list}\n`;
  const result = parseMesh([{ file: 'mesh.yaml', bytes: new TextEncoder().encode(text) }]);
  if (!result.ok) throw new Error(`${result.violations.map(formatViolation).join('\n')}\n${text}`);
  return result.mesh;
}

/** `GET /orders/7` as a call from one service of `shopMesh` to another, at the port "8080". */
export function callOf(from: string, to: string, request: string, more: Partial<Call> = {}): Call {
  const [method = '', path = ''] = request.split(' ');
  const caller = { spiffeId: `spiffe://shop.example/${from}` };
  return { caller, callee: to, port: '8080', method, path, host: to, headers: {}, ...more };
}
