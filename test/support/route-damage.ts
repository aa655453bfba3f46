/** A route configuration as it would be if a part of its authorisation had been forgotten. */
import type { RouteConfiguration } from '../../src/proto/gen/types/envoy/config/route/v3/RouteConfiguration.ts';

export interface Damage {
  readonly what: string;
  readonly routes: RouteConfiguration;
}

export function damaged(
  what: string,
  routes: RouteConfiguration,
  change: (copy: RouteConfiguration) => void,
): Damage {
  const copy = structuredClone(routes);
  change(copy);
  return { what, routes: copy };
}

/** Each override of each virtual host taken out alone, then all of them, then the virtual host itself. */
export function damagesOfVirtualHosts(routes: RouteConfiguration): Damage[] {
  return (routes.virtual_hosts ?? []).flatMap(({ name, typed_per_filter_config = {} }, at) => [
    ...Object.keys(typed_per_filter_config).map((filter) =>
      damaged(`${filter} is missing on ${name}`, routes, ({ virtual_hosts }) => {
        delete virtual_hosts?.[at]?.typed_per_filter_config?.[filter];
      }),
    ),
    damaged(`every override is missing on ${name}`, routes, ({ virtual_hosts }) => {
      delete virtual_hosts?.[at]?.typed_per_filter_config;
    }),
    damaged(`${name} itself is missing`, routes, ({ virtual_hosts }) => {
      virtual_hosts?.splice(at, 1);
    }),
  ]);
}

/** The same for routes that override what their virtual host says. */
export function damagesOfRoutes(routes: RouteConfiguration): Damage[] {
  return (routes.virtual_hosts ?? []).flatMap(({ routes: ofHost = [] }, at) =>
    ofHost.flatMap(({ name, typed_per_filter_config = {} }, index) =>
      Object.keys(typed_per_filter_config).map((filter) =>
        damaged(`${filter} is missing on the route ${name}`, routes, ({ virtual_hosts }) => {
          delete virtual_hosts?.[at]?.routes?.[index]?.typed_per_filter_config?.[filter];
        }),
      ),
    ),
  );
}
