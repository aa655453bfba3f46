import { type DemoWorld, startWorld } from '../../src/cli/demo/world.ts';
import { findEnvoy } from '../../src/cli/envoy-binary.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { spiffeIdOf } from '../../src/lib/spiffe-id.ts';
import { type Decision, evaluate } from '../../src/policy/evaluate.ts';
import { normalise } from '../../src/policy/normalise.ts';
import { accessTo, type MeshAccess } from './mesh-access.ts';

/** A request as the tests of a document write it. */
export interface ShopCall {
  readonly from: string;
  readonly to: string;
  readonly method: string;
  /** Raw, with its query. */
  readonly path: string;
}

/** The shop as the demo starts it: a control plane, four services, their sidecars and a gateway, real processes. */
export interface Shop extends DemoWorld, MeshAccess {
  /** What the evaluator says of a call, by the document as it was at the start. */
  decide(call: ShopCall): Decision;
}

/** Starts the shop. A missing Envoy throws. */
export async function startShop(): Promise<Shop> {
  const { path: envoy } = await findEnvoy(process.env);
  const failures: string[] = [];
  const world = await startWorld({
    envoy,
    clock: systemClock,
    narrate: () => {},
    onAccessLog: () => {},
    onFailure: (why) => failures.push(why),
  });
  const { mesh } = world;
  const rules = normalise(mesh);
  return {
    ...world,
    ...accessTo(world),
    decide({ from, to, method, path }) {
      const caller = { spiffeId: spiffeIdOf(mesh.trustDomain, from) };
      return evaluate(rules, { caller, callee: to, port: '8080', method, path, host: to, headers: {} });
    },
    async stop() {
      await world.stop();
      if (failures.length > 0) throw new Error(failures.join('\n'));
    },
  };
}
