import { expect, test } from 'vitest';
import { HEAD, sourceOf, violationsIn } from '../../test/support/mesh-text.ts';
import { parseMesh } from './parse.ts';

const ORDERS =
  'services: { orders: { port: 80 } }\npolicies: [{ name: a, allow: { from: orders, to: orders } }]\n';
const PAYMENTS =
  'services: { payments: { port: 80 } }\npolicies: [{ name: b, allow: { from: orders, to: payments } }]\n';

test('the files of a folder are one mesh, in name order', () => {
  const result = parseMesh([
    sourceOf(HEAD, '0.yaml'),
    sourceOf(ORDERS, '1.yaml'),
    sourceOf(PAYMENTS, '2.yaml'),
  ]);
  if (!result.ok) throw new Error('must be right');
  expect([...result.mesh.services.keys()]).toEqual(['orders', 'payments']);
  expect(result.mesh.policies.map(({ name, order, position }) => [name, order, position.file])).toEqual([
    ['a', 0, '1.yaml'],
    ['b', 1, '2.yaml'],
  ]);
});

test('a name given in two files shows both places', () => {
  expect(violationsIn(HEAD + ORDERS, ORDERS)).toEqual([
    '2.yaml:1:13: services.orders: "orders" is already given at 1.yaml:4:13 (keep one of the two)',
    '2.yaml:2:20: policies[0].name: the policy "a" is already given at 1.yaml:5:20 (give each policy a name of its own)',
  ]);
});

test('what there is once in a mesh stands in one file only', () => {
  expect(violationsIn(`${HEAD}defaults: {}\n`, 'mesh: other\ndefaults: {}\n')).toEqual([
    '2.yaml:1:1: mesh: "mesh" is already given at 1.yaml:2:1 (keep one of the two)',
    '2.yaml:2:1: defaults: "defaults" is already given at 1.yaml:4:1 (keep one of the two)',
  ]);
});

test('a broken file is told of with its own name and places', () => {
  expect(violationsIn(HEAD, 'services: [\n')).toEqual([
    expect.stringMatching(/^2\.yaml:\d+:\d+: flow sequence/i),
  ]);
  expect(violationsIn(HEAD, 'policies: [{ name: a, allow: { from: x, to: y } }]\n')).toEqual([
    expect.stringContaining('2.yaml:1:38: policies[0].allow.from: there is no service, gateway or group "x"'),
    expect.stringContaining('2.yaml:1:45: policies[0].allow.to: there is no service or group "y"'),
  ]);
});
