import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryDocument } from '../../test/support/arbitrary-mesh.ts';
import { meshOf } from '../../test/support/mesh-of.ts';
import { shopMesh } from '../../test/support/shop-mesh.ts';
import { normalise } from './normalise.ts';
import { callersOf, mayReach, reachersOf } from './reach.ts';

const SERVICES = `
services:
  orders: { port: 8080 }
  shipping: { port: 8080 }
  payments: { ports: { api: { port: 8080 }, admin: { port: 9090 } } }
  ledger: { port: 5432, protocol: tcp }
gateways:
  edge: { listeners: [{ port: 8000 }], routes: [{ to: orders }] }`;

const meshWith = (...policies: string[]) =>
  shopMesh(
    SERVICES,
    policies.map((policy, index) => `name: p${index}, ${policy}`),
  );

describe('mayReach', () => {
  const reach = (port: string, ...policies: string[]) =>
    mayReach(normalise(meshWith(...policies)), 'spiffe://shop.example/orders', 'payments', port);

  it('is no without a policy that allows this identity', () => {
    expect(reach('api')).toBe(false);
    expect(reach('api', 'allow: { from: shipping, to: payments }')).toBe(false);
    expect(reach('api', 'allow: { from: orders, to: shipping }')).toBe(false);
    expect(reach('api', 'allow: { from: authenticated, to: payments, not: { from: orders } }')).toBe(false);
  });

  it('is yes where some request could be allowed', () => {
    expect(reach('api', 'allow: { from: orders, to: payments, methods: GET, paths: /a, hosts: b }')).toBe(
      true,
    );
    expect(reach('api', 'allow: { from: "spiffe://shop.example/o*", to: payments }')).toBe(true);
    expect(reach('api', 'allow: { from: { cidr: 10.0.0.0/8 }, to: payments }')).toBe(true);
    expect(reach('api', 'allow: { from: orders, to: payments, not: { from: { cidr: 10.0.0.0/8 } } }')).toBe(
      true,
    );
  });

  it('is about one port', () => {
    expect(reach('admin', 'allow: { from: orders, to: payments, ports: api }')).toBe(false);
    expect(reach('api', 'allow: { from: orders, to: payments, ports: api }')).toBe(true);
    expect(reach('admin', 'allow: { from: orders, to: payments, not: { ports: admin } }')).toBe(false);
  });

  it('is no under a deny of everything on that port, not under one of some requests', () => {
    const allow = 'allow: { from: orders, to: payments }';
    expect(reach('api', allow, 'deny: { from: orders, to: payments }')).toBe(false);
    expect(reach('api', allow, 'deny: { from: orders, to: payments, ports: admin }')).toBe(true);
    expect(reach('api', allow, 'deny: { from: orders, to: payments, paths: /** }')).toBe(true);
    expect(reach('api', allow, 'deny: { from: { cidr: 10.0.0.0/8 }, to: payments }')).toBe(true);
    expect(reach('api', allow, 'audit: { from: orders, to: payments }')).toBe(true);
  });
});

describe('callersOf', () => {
  const callers = (...policies: string[]) => {
    const mesh = meshWith(...policies);
    return callersOf(normalise(mesh), mesh, 'ledger', '5432');
  };

  it('names exactly who may connect, services before gateways', () => {
    expect(callers()).toEqual([]);
    expect(callers('allow: { from: [edge, orders], to: ledger }')).toEqual(['orders', 'edge']);
    const shipping = 'deny: { from: shipping, to: ledger }';
    expect(callers('allow: { from: authenticated, to: ledger }', shipping)).toEqual([
      'orders',
      'payments',
      'ledger',
      'edge',
    ]);
  });
});

describe('reachersOf', () => {
  it('is everybody for whom mayReach holds, whoever it looked at', () => {
    fc.assert(
      fc.property(arbitraryDocument, (document) => {
        const { mesh, rules } = meshOf(document);
        const everybody = [...mesh.services.keys(), ...mesh.gateways.keys()];
        for (const { name, ports } of mesh.services.values()) {
          for (const port of ports) {
            const reachers = everybody.filter((caller) =>
              mayReach(rules, `spiffe://${mesh.trustDomain}/${caller}`, name, port.name),
            );
            expect(reachersOf(rules, mesh, name, port.name)).toEqual(reachers);
          }
        }
      }),
    );
  });
});
