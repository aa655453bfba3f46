/**
 * `/open;x` is `/open` to some apps and another resource to others (RFC 3986, section 3.3 leaves it to them), so where
 * rules name paths, a path with a semicolon is refused, to everybody alike. Encoded slashes, backslashes and NUL are
 * refused or normalised before (`PATH_SAFETY`).
 */
import type { Route } from '../proto/gen/types/envoy/config/route/v3/Route.ts';

/** The route's name, and the id in logs of what let the request pass to it. */
export const PATH_PARAMETERS = 'refused-path-parameters';

export function refusedPath(): Route {
  return {
    name: PATH_PARAMETERS,
    // the regex sees the path without its query
    match: { safe_regex: { regex: '.*;.*' } },
    direct_response: {
      status: 400,
      body: { inline_string: 'a path with ";" is refused where policies name paths\n' },
    },
  };
}
