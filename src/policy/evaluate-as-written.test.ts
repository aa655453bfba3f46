import fc from 'fast-check';
import { expect, it } from 'vitest';
import { arbitraryCall, arbitraryDocument } from '../../test/support/arbitrary-mesh.ts';
import { naiveVerdict } from '../../test/support/naive-verdict.ts';
import { shopMesh } from '../../test/support/shop-mesh.ts';
import { evaluate } from './evaluate.ts';
import { normalise } from './normalise.ts';
import { mayReach } from './reach.ts';

it('the evaluator agrees with a plain reading of the document, and need-to-know hides nothing that is allowed', () => {
  const seen = { allow: 0, deny: 0, default: 0 };
  fc.assert(
    fc.property(
      arbitraryDocument,
      fc.array(arbitraryCall, { minLength: 1, maxLength: 10 }),
      (document, calls) => {
        const mesh = shopMesh(document);
        const rules = normalise(mesh);
        for (const call of calls) {
          const { verdict, rule } = evaluate(rules, call);
          seen[rule ? (verdict as 'allow' | 'deny') : 'default'] += 1;
          expect({ verdict, because: rule?.policy }).toEqual(naiveVerdict(mesh, call));
          if (verdict === 'allow') {
            expect(mayReach(rules, call.caller.spiffeId, call.callee, call.port)).toBe(true);
          }
        }
      },
    ),
    { numRuns: 300 },
  );
  expect(Math.min(seen.allow, seen.deny, seen.default), JSON.stringify(seen)).toBeGreaterThan(20);
});
