import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseMesh } from './parse.ts';

const SHOP = readFileSync(new URL('../../examples/shop/mesh.yaml', import.meta.url));

test('the shop cut at every byte is a mesh or violations with places, never an exception', () => {
  let whole = 0;
  for (let length = 0; length < SHOP.length; length++) {
    const result = parseMesh([{ file: 'mesh.yaml', bytes: SHOP.subarray(0, length) }]);
    if (result.ok) whole += 1;
    else expect(result.violations.every(({ line, column }) => line > 0 && column > 0)).toBe(true);
  }
  // Which is why a document is taken only when two reads agree.
  expect(whole).toBeGreaterThan(0);
}, 120_000);
