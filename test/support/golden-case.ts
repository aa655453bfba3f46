/** A folder of `test/golden/cases`: a document and, where they matter, the proxies and endpoints to compile it for. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import type { EndpointTable, Proxy } from '../../src/compile/proxy.ts';
import type { Mesh } from '../../src/mesh/mesh.ts';
import { parseMesh } from '../../src/mesh/parse.ts';
import { formatViolation } from '../../src/mesh/violation.ts';
import { normalise } from '../../src/policy/normalise.ts';
import type { RuleTable } from '../../src/policy/rule.ts';

export const CASES = fileURLToPath(new URL('../golden/cases/', import.meta.url));

export interface GoldenCase {
  readonly mesh: Mesh;
  readonly rules: RuleTable;
  readonly endpoints: EndpointTable;
  readonly proxies: readonly Proxy[];
}

const endpoint = z.strictObject({
  address: z.string(),
  port: z.number(),
  weight: z.number(),
  zone: z.string().optional(),
});

/** `proxies.yaml`, where a case has one. */
const contextSchema = z.strictObject({
  /** The document, if it is not the folder's `mesh.yaml`. */
  document: z.string().default('mesh.yaml'),
  /** The proxies to compile; by default one of each service and gateway. */
  only: z.array(z.string()).optional(),
  /** Who is present, by service; by default one instance of each. */
  endpoints: z.record(z.string(), z.array(endpoint)).optional(),
  portMaps: z.record(z.string(), z.record(z.string(), z.number())).default({}),
});

type Context = z.infer<typeof contextSchema>;

export function loadCase(name: string): GoldenCase {
  const contextFile = join(CASES, name, 'proxies.yaml');
  const context = contextSchema.parse(
    existsSync(contextFile) ? parse(readFileSync(contextFile, 'utf8')) : {},
  );
  const mesh = readMesh(join(CASES, name, context.document));
  return {
    mesh,
    rules: normalise(mesh),
    endpoints: endpointsOf(mesh, context),
    proxies: [
      ...[...mesh.services.keys()].map((service) => proxyOf('service', service, context)),
      ...[...mesh.gateways.keys()].map((gateway) => proxyOf('gateway', gateway, context)),
    ].filter(({ service }) => context.only?.includes(service) ?? true),
  };
}

function readMesh(file: string): Mesh {
  const parsed = parseMesh([{ file: 'mesh.yaml', bytes: readFileSync(file) }]);
  if (!parsed.ok) throw new Error(parsed.violations.map(formatViolation).join('\n'));
  return parsed.mesh;
}

function endpointsOf(mesh: Mesh, { endpoints }: Context): EndpointTable {
  if (endpoints === undefined) {
    const names = [...mesh.services.keys()];
    return new Map(
      names.map((name, i) => [
        name,
        [{ address: `10.0.0.${i + 1}`, port: 15006, weight: 1, zone: undefined }],
      ]),
    );
  }
  const withZone = (each: z.infer<typeof endpoint>) => ({ ...each, zone: each.zone });
  return new Map(Object.entries(endpoints).map(([service, list]) => [service, list.map(withZone)]));
}

function proxyOf(kind: Proxy['kind'], service: string, { portMaps }: Context): Proxy {
  const isService = kind === 'service';
  const portMap = Object.entries(portMaps[service] ?? {});
  return {
    kind,
    service,
    instance: '1',
    inbound: isService ? { address: '0.0.0.0', port: 15006 } : undefined,
    outbound: isService ? { address: '127.0.0.1', port: 15001 } : undefined,
    bindAddress: '0.0.0.0',
    portMap: new Map(portMap.map(([declared, used]) => [Number(declared), used])),
  };
}
