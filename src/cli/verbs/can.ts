import { isIP } from 'node:net';
import { systemClock } from '../../lib/clock.ts';
import { spiffeIdOf } from '../../lib/spiffe-id.ts';
import type { Mesh, Port, Service } from '../../mesh/mesh.ts';
import { loadMesh } from '../../mesh/read.ts';
import type { Call, Caller, Connection } from '../../policy/evaluate.ts';
import { type Explanation, explain } from '../../policy/explain.ts';
import { normalise } from '../../policy/normalise.ts';
import { documentPath, MESH_OPTION } from '../document-path.ts';
import { explanationLines } from '../explanation-text.ts';
import { joinedHeaders } from '../header-option.ts';
import { unknownName } from '../unknown-name.ts';
import {
  EXIT,
  flag,
  listOption,
  requiredOption,
  requiredPositional,
  textOption,
  UsageError,
  type Verb,
  type VerbInput,
} from '../verb.ts';
import { reportViolations } from '../violations-report.ts';

function callerOf(input: VerbInput, mesh: Mesh): Caller {
  const from = requiredOption(input, 'from', 'a service, a gateway or a SPIFFE ID');
  const names = [...mesh.services.keys(), ...mesh.gateways.keys()];
  if (!from.startsWith('spiffe://') && !names.includes(from))
    throw unknownName('the document', 'service or gateway', from, names);
  const spiffeId = from.startsWith('spiffe://') ? from : spiffeIdOf(mesh.trustDomain, from);
  const address = textOption(input, 'address');
  if (address === undefined) return { spiffeId };
  if (isIP(address) === 0) throw new UsageError(`--address "${address}" is no IP address`);
  return { spiffeId, address };
}

function calleeOf(input: VerbInput, mesh: Mesh): Service {
  const to = requiredOption(input, 'to', 'a service');
  const service = mesh.services.get(to);
  if (service) return service;
  if (mesh.gateways.has(to)) {
    throw new UsageError(
      `"${to}" is a gateway: it takes what its routes name; ask about the service behind it`,
    );
  }
  throw unknownName('the document', 'service', to, [...mesh.services.keys()]);
}

function portOf(input: VerbInput, { name, ports }: Service): Port {
  const wanted = textOption(input, 'port');
  if (wanted === undefined) return ports.find(({ protocol }) => protocol !== 'tcp') ?? (ports[0] as Port);
  const port = ports.find((candidate) => candidate.name === wanted || String(candidate.port) === wanted);
  if (port) return port;
  throw new UsageError(
    `${name} has no port "${wanted}" (it has ${ports.map((each) => each.name).join(', ')})`,
  );
}

function questionOf(input: VerbInput, mesh: Mesh): Call | Connection {
  const caller = callerOf(input, mesh);
  const service = calleeOf(input, mesh);
  const port = portOf(input, service);
  const connection: Connection = { caller, callee: service.name, port: port.name };
  if (port.protocol === 'tcp') return connection;
  const method = requiredPositional(input, 0, 'METHOD');
  const path = requiredPositional(input, 1, 'PATH');
  const { host = service.name, ...headers } = joinedHeaders(listOption(input, 'header'));
  return { ...connection, method, path, host, headers };
}

/** The contract with scripts; `policy` is a name or "default". */
function asJson({ decision, nearest, fix }: Explanation, withFix: boolean): string {
  const { verdict, rule, why, path, audits } = decision;
  return JSON.stringify({
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
  });
}

export const can: Verb = {
  positionals: ['METHOD', 'PATH'],
  usage: 'can --from WHO --to SERVICE METHOD PATH [--fix]',
  details: `Answers from the document alone, as Envoy would at the callee: the verdict, the policy that decides with
file:line, or the nearest one that would have allowed the call and what differs. Exit code 0 for allowed, 1 for denied
or refused (a path that normalisation rejects is answered 400 before any policy is asked).

  portcullis can --from orders --to payments GET /payments/7
  portcullis can --from shipping --to orders GET /orders/7/payment --fix`,
  options: {
    mesh: MESH_OPTION,
    from: { type: 'string', value: 'WHO', help: 'a service, a gateway or a SPIFFE ID' },
    to: { type: 'string', value: 'SERVICE', help: 'the callee' },
    port: {
      type: 'string',
      value: 'PORT',
      help: "the callee's port, by name or number (default: its first HTTP port)",
    },
    header: {
      type: 'string',
      multiple: true,
      value: "'NAME: VALUE'",
      help: 'a request header; may be repeated',
    },
    address: { type: 'string', value: 'IP', help: "the caller's address, where policies ask for it" },
    fix: { type: 'boolean', help: 'print the YAML that allows a denied call, ready to paste' },
    json: { type: 'boolean', help: 'print one JSON object' },
  },
  async run(input) {
    const { terminal } = input;
    const loaded = await loadMesh(documentPath(input), systemClock);
    if (!loaded.ok) return reportViolations(terminal, loaded.violations, flag(input, 'json'));
    const { mesh } = loaded;
    const call = questionOf(input, mesh);
    const explanation = explain(mesh, normalise(mesh), call);
    const withFix = flag(input, 'fix');
    if (flag(input, 'json')) terminal.print(asJson(explanation, withFix));
    else for (const line of explanationLines(terminal, call, explanation, { withFix })) terminal.print(line);
    return explanation.decision.verdict === 'allow' ? EXIT.ok : EXIT.no;
  },
};
