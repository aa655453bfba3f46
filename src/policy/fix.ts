import { parseSpiffeId } from '../lib/spiffe-id.ts';
import type { Mesh, Policy } from '../mesh/mesh.ts';
import { type Call, type Connection, type Decision, evaluateEither, isRequest } from './evaluate.ts';
import { pathForPolicy } from './path-for-policy.ts';
import { comment, notYaml, policyYaml, writtenPrincipal } from './policy-yaml.ts';
import type { RuleTable } from './rule.ts';

/**
 * YAML to paste under `policies:` that makes a denied call allowed and opens as little else as the document can say.
 * No allow overrides a deny, so what to change in a policy that denies comes before, as comments.
 */
export function proposeFix(
  mesh: Mesh,
  rules: RuleTable,
  call: Call | Connection,
  decision: Decision,
): string {
  const obstacle = obstacleTo(mesh, call);
  if (obstacle) return comment(obstacle);
  const denying = new Set(
    decision.considered
      .filter(({ rule, matched }) => matched && rule.effect === 'deny')
      .map(({ rule }) => rule.policy),
  );
  const changes = mesh.policies
    .filter(({ name }) => denying.has(name))
    .map((policy) => comment(narrowing(mesh, policy, call, decision.path)));
  const isAllowedThen = evaluateEither(withoutPolicies(rules, denying), call).verdict === 'allow';
  return [...changes, isAllowedThen ? '' : allowing(mesh, call, decision.path)].join('');
}

/** Why no policy could allow this call. */
function obstacleTo(
  { services, trustDomain }: Mesh,
  { caller, callee, port }: Connection,
): string | undefined {
  const service = services.get(callee);
  if (!service) return `${JSON.stringify(callee)} is no service of this mesh`;
  if (!service.ports.some(({ name }) => name === port)) {
    return `${JSON.stringify(callee)} has no port ${JSON.stringify(port)}`;
  }
  if (isIdentityOf(trustDomain, caller.spiffeId)) return undefined;
  return `${JSON.stringify(caller.spiffeId)} is no identity of this mesh, so no policy can name it`;
}

function isIdentityOf(trustDomain: string, spiffeId: string): boolean {
  try {
    const id = parseSpiffeId(spiffeId);
    return id.trustDomain === trustDomain && id.path !== '';
  } catch {
    return false; // whatever the specification forbids, a policy cannot name it
  }
}

const withoutPolicies = (rules: RuleTable, policies: ReadonlySet<string>): RuleTable =>
  new Map([...rules].map(([callee, own]) => [callee, own.filter(({ policy }) => !policies.has(policy))]));

/** A deny that names nobody else is narrowed by path, any other by caller. */
function narrowing(mesh: Mesh, policy: Policy, call: Call | Connection, path: string | undefined): string {
  const { file, line, column } = policy.position;
  const head = `"${policy.name}" (${file}:${line}:${column}) denies this call, and no allow overrides a deny.`;
  const caller = writtenCaller(mesh, call);
  const isAlone = policy.from.every((principal) => writtenPrincipal(principal) === caller);
  if (!isAlone) {
    const items = [...(policy.not.from ?? []).map(writtenPrincipal), caller];
    return `${head}\nTo exempt this caller from it, write there:\n${notYaml('from', items)}`;
  }
  const pattern = path === undefined ? undefined : pathForPolicy(path).pattern;
  if (pattern === undefined) return `${head}\nIt names this caller alone: remove it, or narrow it.`;
  return `${head}\nTo exempt this path from it, write there:\n${notYaml('paths', [...(policy.not.paths ?? []), pattern])}`;
}

/** As mesh documents spell methods. */
const METHOD = /^[A-Z][A-Z0-9_-]{0,31}$/;

function allowing(mesh: Mesh, call: Call | Connection, path: string | undefined): string {
  const { callee, port } = call;
  const caller = writtenCaller(mesh, call);
  const hasSeveralPorts = (mesh.services.get(callee)?.ports.length ?? 0) > 1;
  const method = isRequest(call) ? call.method : undefined;
  const isMethod = method !== undefined && METHOD.test(method);
  const { pattern, caveat } = path === undefined ? NO_PATH : pathForPolicy(path);
  const caveats = [
    caveat === undefined ? [] : [`this allows ${caveat}`],
    method === undefined || isMethod
      ? []
      : [`this allows every method: no policy can name ${JSON.stringify(method)}`],
  ].flat();
  const yaml = policyYaml(freeName(mesh, caller, callee), {
    from: caller,
    to: callee,
    ...(hasSeveralPorts && { ports: port }),
    ...(isMethod && { methods: method }),
    ...(pattern !== undefined && { paths: pattern }),
  });
  return `${caveats.map(comment).join('')}${yaml}`;
}

const NO_PATH = { pattern: undefined, caveat: undefined };

function writtenCaller({ trustDomain, services, gateways }: Mesh, { caller }: Connection): string {
  const name = caller.spiffeId.slice(`spiffe://${trustDomain}/`.length);
  return services.has(name) || gateways.has(name) ? name : caller.spiffeId;
}

/** The longest that the name of a policy may be. */
const MAX_NAME = 63;

function freeName(mesh: Mesh, caller: string, callee: string): string {
  const short = caller
    .replace(/^.*\//, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '');
  const base = `${short || 'caller'}-to-${callee}`;
  const taken = new Set(mesh.policies.map(({ name }) => name));
  for (let count = 1; ; count += 1) {
    const suffix = count === 1 ? '' : `-${count}`;
    const name = `${base.slice(0, MAX_NAME - suffix.length)}${suffix}`;
    if (!taken.has(name)) return name;
  }
}
