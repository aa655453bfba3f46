import { isIP } from 'node:net';
import type { CanBody } from '../admin/schemas.ts';
import { spiffeIdOf } from '../lib/spiffe-id.ts';
import type { Mesh, Port, Service } from '../mesh/mesh.ts';
import type { Call, Caller, Connection } from '../policy/evaluate.ts';
import type { Explanation } from '../policy/explain.ts';
import { unknownName } from './unknown-name.ts';
import { UsageError } from './verb.ts';

/** A call as people ask about it, on the command line and by the API. */
export interface CanQuestion {
  /** A service, a gateway or a SPIFFE ID. */
  readonly from: string;
  readonly to: string;
  readonly port?: string | undefined;
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The caller's. */
  readonly address?: string | undefined;
}

/**
 * The call that is meant.
 * @throws UsageError if the document does not have what it names, or a part is missing
 */
export function questionOf(asked: CanQuestion, mesh: Mesh): Call | Connection {
  const caller = callerOf(asked, mesh);
  const service = calleeOf(asked, mesh);
  const port = portOf(asked, service);
  const connection: Connection = { caller, callee: service.name, port: port.name };
  if (port.protocol === 'tcp') return connection;
  const { method, path } = asked;
  if (method === undefined) throw new UsageError('METHOD is missing');
  if (path === undefined) throw new UsageError('PATH is missing');
  const { host = service.name, ...headers } = asked.headers ?? {};
  return { ...connection, method, path, host, headers };
}

function callerOf({ from, address }: CanQuestion, mesh: Mesh): Caller {
  const names = [...mesh.services.keys(), ...mesh.gateways.keys()];
  if (!from.startsWith('spiffe://') && !names.includes(from))
    throw unknownName('the document', 'service or gateway', from, names);
  const spiffeId = from.startsWith('spiffe://') ? from : spiffeIdOf(mesh.trustDomain, from);
  if (address === undefined) return { spiffeId };
  if (isIP(address) === 0) throw new UsageError(`--address "${address}" is no IP address`);
  return { spiffeId, address };
}

function calleeOf({ to }: CanQuestion, mesh: Mesh): Service {
  const service = mesh.services.get(to);
  if (service) return service;
  if (mesh.gateways.has(to)) {
    throw new UsageError(
      `"${to}" is a gateway: it takes what its routes name; ask about the service behind it`,
    );
  }
  throw unknownName('the document', 'service', to, [...mesh.services.keys()]);
}

function portOf({ port: wanted }: CanQuestion, { name, ports }: Service): Port {
  if (wanted === undefined) return ports.find(({ protocol }) => protocol !== 'tcp') ?? (ports[0] as Port);
  const port = ports.find((candidate) => candidate.name === wanted || String(candidate.port) === wanted);
  if (port) return port;
  throw new UsageError(
    `${name} has no port "${wanted}" (it has ${ports.map((each) => each.name).join(', ')})`,
  );
}

/** The contract with scripts; `policy` is a name or "default". */
export function canAnswer({ decision, nearest, fix }: Explanation, withFix: boolean): CanBody {
  const { verdict, rule, why, path, audits } = decision;
  return {
    verdict,
    policy: rule?.policy ?? 'default',
    position: rule?.position,
    why,
    path,
    audits: audits.map(({ policy }) => policy),
    nearest: nearest && {
      policy: nearest.rule.policy,
      position: nearest.rule.position,
      differences: nearest.differences,
    },
    fix: withFix ? fix : undefined,
  };
}
