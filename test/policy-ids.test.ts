import { expect, it } from 'vitest';
import { normalise } from '../src/policy/normalise.ts';
import { parsePolicyId, policyId } from '../src/proto/names.ts';
import { shopMesh } from './support/shop-mesh.ts';

it('the id of a rule is a policy id of proto/names.ts, and reads back as the order and name of its policy', () => {
  const policies = ['a', '0002-b', 'c-3'].map((name) => ({
    name,
    allow: { from: 'orders', to: 'payments' },
  }));
  const mesh = shopMesh({ services: { orders: { port: 80 }, payments: { port: 80 } }, policies });
  const rules = normalise(mesh).get('payments') ?? [];
  expect(rules.map(({ id }) => parsePolicyId(id))).toEqual([
    { order: 1, policy: 'a' },
    { order: 2, policy: '0002-b' },
    { order: 3, policy: 'c-3' },
  ]);
  expect(rules.map(({ id }) => id)).toEqual(rules.map(({ policy }, index) => policyId(index + 1, policy)));
});
