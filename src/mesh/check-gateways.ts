import { unknownName } from './check-names.ts';
import type { Draft } from './draft.ts';
import { violationAt } from './located.ts';
import { isHttp, portsOf } from './ports.ts';
import { type Problem, quote } from './problem.ts';
import type { Violation } from './violation.ts';

/** Routes lead to services that speak HTTP. Whether policy lets the gateway call them is another matter. */
export function* checkGateways(draft: Draft): Iterable<Violation> {
  for (const { node, parts } of draft.gateways.values()) {
    for (const [index, route] of (parts?.routes ?? []).entries()) {
      const problem = route?.to === undefined ? undefined : routeProblem(draft, route.to);
      if (problem) yield violationAt(node, ['routes', index, 'to'], problem);
    }
  }
}

function routeProblem(draft: Draft, to: string): Problem | undefined {
  const service = draft.services.get(to);
  if (service) {
    const ports = portsOf(service.parts ?? {});
    if (ports.length === 0 || ports.some(isHttp)) return undefined;
    return {
      message: `${quote(to)} has only TCP ports: a gateway routes HTTP`,
      hint: 'give it an HTTP port',
    };
  }
  if (draft.groups.has(to)) return { message: `${quote(to)} is a group: a route leads to one service` };
  if (draft.gateways.has(to)) return { message: `${quote(to)} is a gateway: a route leads to a service` };
  return unknownName(to, 'service', [...draft.services.keys()]);
}
