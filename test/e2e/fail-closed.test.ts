/**
 * What if an override of authorisation never came: forgotten by the compiler, lost with its virtual host? Each is taken
 * out of a service's compiled routes in turn, each result is a listener of one real Envoy, and none may let anybody in.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callDirectly } from '../../src/cli/demo/direct-call.ts';
import type { ClientIdentity } from '../../src/cli/demo/identities.ts';
import { compileProxy } from '../../src/compile/compile.ts';
import type { CompiledResource, Proxy } from '../../src/compile/proxy.ts';
import { createAuthority } from '../../src/identity/authority.ts';
import { secretsOf } from '../../src/identity/secrets.ts';
import { issueSvid } from '../../src/identity/svid.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { spiffeIdOf } from '../../src/lib/spiffe-id.ts';
import { loadMesh } from '../../src/mesh/read.ts';
import { normalise } from '../../src/policy/normalise.ts';
import type { RouteConfiguration } from '../../src/proto/gen/types/envoy/config/route/v3/RouteConfiguration.ts';
import { ALLOW_FILTER, DENY_FILTER, INBOUND_LISTENER } from '../../src/proto/names.ts';
import { ROUTE, typeUrlOf } from '../../src/proto/resource-types.ts';
import { inlineBootstrap } from '../support/inline-bootstrap.ts';
import { type Damage, damaged, damagesOfRoutes, damagesOfVirtualHosts } from '../support/route-damage.ts';
import { type RunningEnvoy, startEnvoy } from '../support/running-envoy.ts';
import { sampleBootstrap } from '../support/sample-bootstrap.ts';
import { until } from '../support/until.ts';

const HOUR_MS = 3_600_000;
const PER_ROUTE = typeUrlOf('envoy.extensions.filters.http.rbac.v3.RBACPerRoute');

const loaded = await loadMesh(
  fileURLToPath(new URL('../../examples/shop/mesh.yaml', import.meta.url)),
  systemClock,
);
if (!loaded.ok) throw new Error('the shop has violations');
const { mesh } = loaded;
const rules = normalise(mesh);

/** Catalog has a deny as well. */
const CASES = [
  { service: 'payments', allowed: '/payments/7' },
  { service: 'catalog', allowed: '/products/7' },
];
const ALLOWED_CALLER = 'orders';
const DENIED_CALLER = 'shipping';

const proxyOf = (service: string, appPort: number): Proxy => ({
  kind: 'service',
  service,
  instance: '1',
  inbound: { address: '127.0.0.1', port: 0 },
  outbound: undefined,
  bindAddress: '127.0.0.1',
  portMap: new Map([[8080, appPort]]),
});

const compiled = (service: string, appPort = 1) =>
  compileProxy(mesh, rules, new Map(), proxyOf(service, appPort));

const routesOf = (resources: readonly CompiledResource[]) =>
  resources.find(({ typeUrl }) => typeUrl === ROUTE.typeUrl)?.message as RouteConfiguration;

const overridesOf = ({ virtual_hosts = [] }: RouteConfiguration) =>
  virtual_hosts
    .flatMap((host) => [host, ...(host.routes ?? [])])
    .flatMap(({ typed_per_filter_config = {} }) => Object.values(typed_per_filter_config));

async function createIdentities() {
  const now = systemClock.now();
  const authority = await createAuthority({
    name: 'shop',
    spiffeId: `spiffe://${mesh.trustDomain}`,
    lifetimeMs: HOUR_MS,
    now,
  });
  const svidOf = (service: string) =>
    issueSvid(authority, { spiffeId: spiffeIdOf(mesh.trustDomain, service), ttlMs: HOUR_MS, now });
  return { svidOf, bundlePem: authority.certificatePem };
}

interface Listener {
  name: string;
}

/** The listener of a damage, by its own name. */
function listenerOf(
  service: string,
  resources: readonly CompiledResource[],
  { what, routes }: Damage,
): Listener {
  const withDamage = resources.map((resource) =>
    resource.typeUrl === ROUTE.typeUrl ? { ...resource, message: routes } : resource,
  );
  const { static_resources } = inlineBootstrap(sampleBootstrap(proxyOf(service, 1)), withDamage) as {
    static_resources: { listeners: Listener[] };
  };
  const [inbound] = static_resources.listeners.filter(({ name }) => name === INBOUND_LISTENER);
  return { ...inbound, name: what };
}

describe.each(CASES)('$service', ({ service, allowed }) => {
  const intact: Damage = { what: 'nothing is missing', routes: routesOf(compiled(service)) };
  const ofHosts = damagesOfVirtualHosts(intact.routes);
  const ofRoutes = damagesOfRoutes(intact.routes);
  const emptied = [DENY_FILTER, ALLOW_FILTER].map((filter) =>
    damaged(`${filter} is empty`, intact.routes, ({ virtual_hosts }) => {
      const overrides = virtual_hosts?.[0]?.typed_per_filter_config ?? {};
      overrides[filter] = { '@type': PER_ROUTE };
    }),
  );
  const all = [intact, ...ofHosts, ...ofRoutes, ...emptied];

  let app: Server;
  let envoy: RunningEnvoy;
  let identities: ReadonlyMap<string, ClientIdentity>;

  beforeAll(async () => {
    app = createServer((_, response) => response.end());
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
    const { svidOf, bundlePem } = await createIdentities();
    const callers = [ALLOWED_CALLER, DENIED_CALLER];
    identities = new Map(await Promise.all(callers.map(async (name) => [name, await svidOf(name)] as const)));
    const { port } = app.address() as AddressInfo;
    const resources = [...compiled(service, port), ...secretsOf(await svidOf(service), bundlePem)];
    const bootstrap = inlineBootstrap(sampleBootstrap(proxyOf(service, port)), resources) as {
      static_resources: object;
    };
    const listeners = all.map((damage) => listenerOf(service, resources, damage));
    envoy = await startEnvoy({
      ...bootstrap,
      static_resources: { ...bootstrap.static_resources, listeners },
    });
    await until(10_000, 'Envoy does not listen', async () => {
      const ports = await Promise.all(all.map(({ what }) => envoy.listenerPort(what)));
      return ports.every((each) => each !== undefined);
    });
  });
  afterAll(async () => {
    await envoy?.stop();
    app?.close();
  });

  async function statusOf({ what }: Damage, caller: string, path: string): Promise<number | string> {
    const inbound = `127.0.0.1:${await envoy.listenerPort(what)}`;
    const identity = identities.get(caller) ?? 'none';
    const result = await callDirectly({ inbound, identity, method: 'GET', path });
    return result.kind === 'answered' ? result.status : result.why;
  }

  test('as compiled, who is allowed gets in and who is not does not', async () => {
    expect(await statusOf(intact, ALLOWED_CALLER, allowed)).toBe(200);
    expect(await statusOf(intact, DENIED_CALLER, allowed)).toBe(403);
    expect(await statusOf(intact, ALLOWED_CALLER, '/elsewhere')).toBe(403);
    expect(await statusOf(intact, DENIED_CALLER, `${allowed};x`)).toBe(400);
  });

  test('both filters are overridden on the virtual host, and on the route that answers by itself', () => {
    expect(ofHosts.map(({ what }) => what)).toEqual([
      `${DENY_FILTER} is missing on inbound|8080`,
      `${ALLOW_FILTER} is missing on inbound|8080`,
      'every override is missing on inbound|8080',
      'inbound|8080 itself is missing',
    ]);
    expect(ofRoutes).toHaveLength(2);
  });

  test.each(ofHosts)('nobody gets in when $what', async (damage) => {
    for (const path of [allowed, '/elsewhere', '/inventory']) {
      expect(await statusOf(damage, ALLOWED_CALLER, path)).toBe(403);
      expect(await statusOf(damage, DENIED_CALLER, path)).toBe(403);
    }
  });

  test.each(ofRoutes)('nobody gets in who did not before when $what', async (damage) => {
    for (const path of [allowed, `${allowed};x`, '/elsewhere', '/inventory']) {
      expect(await statusOf(damage, DENIED_CALLER, path)).not.toBe(200);
    }
    expect(await statusOf(damage, ALLOWED_CALLER, `${allowed};x`)).not.toBe(200);
  });

  test.each(emptied)('an override that is there but empty switches its filter off: $what', async (damage) => {
    const isAllow = damage.what.startsWith(ALLOW_FILTER);
    expect(await statusOf(damage, DENIED_CALLER, allowed)).toBe(isAllow ? 200 : 403);
  });

  test('no base can prevent that, so none is ever compiled without rules', () => {
    expect(overridesOf(intact.routes)).toHaveLength(4);
    for (const override of overridesOf(intact.routes)) {
      expect(override).toMatchObject({ '@type': PER_ROUTE, rbac: { rules: expect.anything() } });
    }
  });
});
