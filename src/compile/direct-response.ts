import type { Route } from '../proto/gen/types/envoy/config/route/v3/Route.ts';
import type { RouteMatch } from '../proto/gen/types/envoy/config/route/v3/RouteMatch.ts';

/** A route that the proxy answers by itself, with a line of text or none. */
export function directResponse(name: string, match: RouteMatch, status: number, text?: string): Route {
  const body = text === undefined ? {} : { body: { inline_string: `${text}\n` } };
  return { name, match, direct_response: { status, ...body } };
}
