import { describe, expect, it } from 'vitest';
import { meshOf } from '../../test/support/mesh-of.ts';
import { dependents, reachableFrom, reachableServices } from './dependents.ts';

const { mesh, rules } = meshOf({
  services: {
    orders: { ports: { api: { port: 8080 }, admin: { port: 9000 } } },
    payments: { port: 8080 },
    shipping: { port: 8080 },
  },
  gateways: { edge: { listeners: [{ port: 80 }], routes: [{ to: 'orders' }] } },
  policies: [
    { name: 'shipping-api', allow: { from: 'shipping', to: 'orders', ports: 'api', methods: 'GET' } },
    { name: 'all-pay', allow: { from: 'authenticated', to: 'payments' } },
    { name: 'not-shipping', deny: { from: 'shipping', to: 'payments' } },
    { name: 'edge-orders', allow: { from: 'edge', to: 'orders' } },
  ],
});

describe('need to know', () => {
  it('is the ports that some policy may let a service call', () => {
    const known = reachableFrom(mesh, rules, 'shipping');
    expect(known.map(({ service, port }) => `${service.name}:${port.name}`)).toEqual(['orders:api']);
  });

  it('of a gateway is what it has routes to, by the first HTTP port, though policy would let it call more', () => {
    expect(reachableServices(mesh, rules, 'edge')).toEqual(['orders']);
  });

  it('turned round says whom a change of a service concerns', () => {
    expect(Object.fromEntries(dependents(mesh, rules))).toEqual({
      orders: ['shipping', 'edge'],
      payments: ['orders', 'payments'],
      shipping: [],
    });
  });
});
