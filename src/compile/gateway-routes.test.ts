import { describe, expect, it } from 'vitest';
import { meshOf } from '../../test/support/mesh-of.ts';
import type { GatewayListener } from '../mesh/mesh.ts';
import { gatewayRoutes } from './gateway-routes.ts';

/** By domain: where its routes lead, in order. */
function destinations(
  listener: object,
  routes: readonly object[],
): Record<string, readonly (string | number)[]> {
  const services = { shop: { port: 8080 }, api: { port: 8080 }, secret: { port: 8080 } };
  const { mesh, rules } = meshOf({
    services,
    gateways: { edge: { listeners: [{ port: 80, ...listener }], routes } },
    policies: [{ name: 'in', allow: { from: 'edge', to: ['shop', 'api'] } }],
  });
  const gateway = mesh.gateways.get('edge');
  if (!gateway) throw new Error('no gateway');
  const config = gatewayRoutes(mesh, rules, gateway, gateway.listeners[0] as GatewayListener);
  return Object.fromEntries(
    (config.virtual_hosts ?? []).map(({ name = '', routes: list = [] }) => [
      name,
      [
        ...new Set(
          list.map(({ route, direct_response }) => route?.cluster ?? direct_response?.status ?? '?'),
        ),
      ],
    ]),
  );
}

describe('a gateway', () => {
  it('keeps list order for a host that several patterns match', () => {
    const routes = [
      { hosts: '*', paths: '/a', to: 'shop' },
      { hosts: 'api.example', to: 'api' },
      { to: 'shop' },
    ];
    expect(destinations({}, routes)).toEqual({
      '*': [400, 'out|shop|8080', 404],
      'api.example': [400, 'out|shop|8080', 'out|api|8080', 404],
    });
  });

  it('answers only for the hosts of its listener', () => {
    const routes = [
      { hosts: '*.shop.example', to: 'shop' },
      { hosts: 'other.example', to: 'api' },
    ];
    expect(destinations({ hosts: ['a.shop.example', 'b.shop.example'] }, routes)).toEqual({
      'a.shop.example': ['out|shop|8080', 404],
      'b.shop.example': ['out|shop|8080', 404],
      '*': [404],
    });
  });

  it('answers 403 by itself where no policy lets it in', () => {
    expect(destinations({}, [{ paths: '/s/**', to: 'secret' }, { to: 'shop' }])).toEqual({
      '*': [400, 403, 'out|shop|8080', 404],
    });
  });
});
