import { describe, expect, it } from 'vitest';
import { meshOf } from '../../test/support/mesh-of.ts';
import { reachableFrom } from './dependents.ts';
import { outboundRoutes } from './outbound-routes.ts';

function domainsFor(services: object, caller = 'caller'): Record<string, readonly string[] | undefined> {
  const { mesh, rules } = meshOf({
    services: { ...services, caller: { port: 1 } },
    policies: [{ name: 'all', allow: { from: 'caller', to: Object.keys(services) } }],
  });
  const { virtual_hosts = [] } = outboundRoutes(reachableFrom(mesh, rules, caller));
  return Object.fromEntries(virtual_hosts.map(({ name, domains }) => [name, domains]));
}

describe('the names under which an app calls a service', () => {
  it('are its own, with any port, with and without the last dot', () => {
    expect(domainsFor({ orders: { port: 8080 } })).toEqual({
      'out|orders|8080': ['orders', 'orders.', 'orders:*', 'orders.:*'],
      'not-allowed': ['*'],
    });
  });

  it('tell several HTTP ports apart by number; the bare name is the first', () => {
    const ports = { api: { port: 8080 }, admin: { port: 9000 } };
    expect(domainsFor({ orders: { ports } })).toMatchObject({
      'out|orders|api': ['orders', 'orders.', 'orders:8080', 'orders.:8080'],
      'out|orders|admin': ['orders:9000', 'orders.:9000'],
    });
  });

  it('of a TCP port always say the number', () => {
    const ports = { data: { port: 6379, protocol: 'tcp' }, stats: { port: 9121 } };
    expect(domainsFor({ cache: { ports } })).toMatchObject({
      'out|cache|data': ['cache:6379', 'cache.:6379'],
      'out|cache|stats': ['cache', 'cache.', 'cache:*', 'cache.:*'],
    });
  });

  it('are none where nothing is allowed', () => {
    expect(domainsFor({ orders: { port: 8080 } }, 'orders')).toEqual({ 'not-allowed': ['*'] });
  });
});
