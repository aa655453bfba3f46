/**
 * Nothing that people may write is silently ignored: for each leaf of the document's schema, two documents that differ
 * in it alone must compile to different configuration. A new leaf without an entry here fails.
 */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { compileProxy } from '../src/compile/compile.ts';
import { documentSchema } from '../src/mesh/document-schema.ts';
import { meshOf } from './support/mesh-of.ts';

/** Where in the document, and two values that must not compile to the same. */
interface Change {
  readonly at: string;
  readonly values: readonly [unknown, unknown];
}

const change = (at: string, a: unknown, b: unknown): Change => ({ at, values: [a, b] });

/** Leaves without an effect on proxies' resources, and why that is right. */
const EXEMPT: Readonly<Record<string, string>> = {
  version: 'has one value',
  mesh: 'is the cluster in the bootstrap and part of tokens',
  'defaults.mtls': 'has one value',
  'services.*.mtls': 'has one value',
  'gateways.*.listeners.tls.cert': 'names a file whose content goes into a secret',
  'gateways.*.listeners.tls.key': 'names a file whose content goes into a secret',
  'tests.from': 'is for "portcullis test"',
  'tests.to': 'is for "portcullis test"',
  'tests.request': 'is for "portcullis test"',
  'tests.headers.*': 'is for "portcullis test"',
  'tests.expect': 'is for "portcullis test"',
  'tests.because': 'is for "portcullis test"',
};

const BASE = {
  version: 1,
  mesh: 'leaves',
  trustDomain: 'leaves.example',
  defaults: {},
  services: {
    orders: { ports: { api: { port: 8080 }, admin: { port: 9000 } } },
    billing: { port: 8081 },
    reports: { port: 8082 },
  },
  groups: { office: ['reports'] },
  gateways: {
    edge: { listeners: [{ port: 80, tls: { cert: 'a.pem', key: 'a.key' } }], routes: [{ to: 'orders' }] },
  },
  policies: [{ name: 'open', allow: { from: ['office', 'edge'], to: ['orders', 'billing'] } }],
};

const NO_BREAKER = { maxConnections: 1, maxPendingRequests: 1, maxRequests: 1, maxRetries: 1 };
const OUTLIER = { consecutive5xx: 1, interval: '1s', baseEjectionTime: '1s', maxEjectionPercent: 1 };
const withCipher = (cipher: string) => ({ minVersion: '1.2', ciphers: [`ECDHE-ECDSA-${cipher}`] });

const TLS = {
  'tls.minVersion': change('tls', { minVersion: '1.2' }, { minVersion: '1.3' }),
  'tls.ciphers': change('tls', withCipher('AES128-GCM-SHA256'), withCipher('AES256-GCM-SHA384')),
};

const SETTINGS: Readonly<Record<string, Change>> = {
  timeout: change('timeout', '1s', '2s'),
  connectTimeout: change('connectTimeout', '1s', '2s'),
  maxConnectionDuration: change('maxConnectionDuration', '1m', '2m'),
  'retries.attempts': change('retries', { attempts: 1 }, { attempts: 2 }),
  'retries.on': change('retries', { on: 'reset' }, { on: 'connect-failure' }),
  ...TLS,
  outlierDetection: change('outlierDetection', 'off', OUTLIER),
  ...eachKey('circuitBreaker', NO_BREAKER, 2),
  ...eachKey('outlierDetection', { consecutive5xx: 1, maxEjectionPercent: 1 }, 2),
  ...eachKey('outlierDetection', { interval: '1s', baseEjectionTime: '1s' }, '2s'),
};

/** What a policy asks, in `from` … `headers` and in `not`. */
const CONDITIONS: Readonly<Record<string, Change>> = {
  from: change('from', 'reports', 'billing'),
  'from.cidr': change('from', { cidr: '10.0.0.0/8' }, { cidr: '10.0.0.0/9' }),
  ports: change('ports', 'api', 9000),
  methods: change('methods', 'GET', ['GET', 'PUT']),
  hosts: change('hosts', 'orders', '*.orders'),
  paths: change('paths', '/a', '/a/**'),
  'headers.*': change('headers', { x: 'a' }, { x: 'b' }),
  'headers.*.prefix': change('headers', { x: { prefix: 'a' } }, { x: { prefix: 'b' } }),
  'headers.*.suffix': change('headers', { x: { suffix: 'a' } }, { x: { suffix: 'b' } }),
  'headers.*.regex': change('headers', { x: { regex: 'a' } }, { x: { regex: 'b' } }),
  'headers.*.present': change('headers', { x: { present: true } }, { x: { present: false } }),
};

const CHANGES: Readonly<Record<string, Change>> = {
  trustDomain: change('trustDomain', 'a.example', 'b.example'),
  ...under('defaults', SETTINGS),
  ...under('services.*', SETTINGS, 'services.orders'),
  'services.*.port': change('services.billing', { port: 1 }, { port: 2 }),
  'services.*.protocol': change('services.billing.protocol', 'http', 'grpc'),
  'services.*.ports.*.port': change('services.orders.ports.api.port', 1, 2),
  'services.*.ports.*.protocol': change('services.orders.ports.api.protocol', 'http2', 'http'),
  ...under('services.*', eachEndpointKey(), 'services.orders'),
  'groups.*': change('groups.office', ['reports'], ['billing']),
  'gateways.*.listeners.port': change('gateways.edge.listeners.0.port', 80, 81),
  'gateways.*.listeners.hosts': change('gateways.edge.listeners.0.hosts', 'a.example', 'b.example'),
  'gateways.*.routes.hosts': change('gateways.edge.routes.0.hosts', 'a.example', 'b.example'),
  'gateways.*.routes.paths': change('gateways.edge.routes.0.paths', '/a', '/b'),
  'gateways.*.routes.to': change('gateways.edge.routes.0.to', 'orders', 'billing'),
  'gateways.*.maxConnectionDuration': change('gateways.edge.maxConnectionDuration', '1m', '2m'),
  ...under('gateways.*', TLS, 'gateways.edge'),
  'policies.name': change('policies.0.name', 'a', 'b'),
  ...Object.fromEntries(
    ['allow', 'deny', 'audit'].flatMap((effect) => Object.entries(policyChanges(effect))),
  ),
};

function eachKey(parent: string, values: Readonly<Record<string, unknown>>, other: unknown) {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      `${parent}.${key}`,
      change(parent, { [key]: value }, { [key]: other }),
    ]),
  );
}

function eachEndpointKey(): Readonly<Record<string, Change>> {
  const endpoint = { address: '10.0.0.1', port: 1, weight: 1, zone: 'a' };
  const others = { address: '10.0.0.2', port: 2, weight: 2, zone: 'b' };
  return Object.fromEntries(
    Object.entries(others).map(([key, other]) => [
      `endpoints.${key}`,
      change('endpoints', [endpoint], [{ ...endpoint, [key]: other }]),
    ]),
  );
}

function under(leaf: string, changes: Readonly<Record<string, Change>>, at = leaf) {
  return Object.fromEntries(
    Object.entries(changes).map(([key, each]) => [`${leaf}.${key}`, { ...each, at: `${at}.${each.at}` }]),
  );
}

function policyChanges(effect: string): Readonly<Record<string, Change>> {
  const policy = (rule: object) => ({
    name: 'p',
    [effect]: { from: 'authenticated', to: 'orders', ports: 'api', ...rule },
  });
  const asPolicy = (wrap: (values: object) => object, [key, { at, values }]: [string, Change]) =>
    [
      key,
      change('policies.1', policy(wrap({ [at]: values[0] })), policy(wrap({ [at]: values[1] }))),
    ] as const;
  const plain = Object.entries(CONDITIONS).map((entry) => asPolicy((rule) => rule, entry));
  const negated = Object.entries(CONDITIONS).map((entry) =>
    asPolicy((not) => ({ ports: ['api', 9000], not }), entry),
  );
  return {
    ...Object.fromEntries(plain.map(([key, each]) => [`policies.${effect}.${key}`, each])),
    ...Object.fromEntries(negated.map(([key, each]) => [`policies.${effect}.not.${key}`, each])),
    [`policies.${effect}.to`]: change(
      'policies.1',
      policy({ to: ['orders'] }),
      policy({ to: 'billing', ports: 8081 }),
    ),
  };
}

test('every leaf of the schema has a change that shows its effect, or a reason to have none', () => {
  expect(Object.keys({ ...CHANGES, ...EXEMPT }).sort()).toEqual(leavesOf(documentSchema).sort());
});

test.each(Object.entries(CHANGES))(
  'changing %s changes what proxies get',
  (_leaf, { at, values: [a, b] }) => {
    expect(compiled(changed(at, a))).not.toEqual(compiled(changed(at, b)));
  },
);

/** Everything that all proxies of a document get, as text. */
function compiled(document: object): string {
  const { mesh, rules } = meshOf(document);
  const proxies = [
    ...[...mesh.services.keys()].map((service) => ({ kind: 'service' as const, service })),
    ...[...mesh.gateways.keys()].map((service) => ({ kind: 'gateway' as const, service })),
  ];
  const resources = proxies.map((name) =>
    compileProxy(mesh, rules, new Map(), {
      ...name,
      instance: '1',
      inbound: { address: '0.0.0.0', port: 15006 },
      outbound: { address: '127.0.0.1', port: 15001 },
      bindAddress: '0.0.0.0',
      portMap: new Map(),
    }),
  );
  return JSON.stringify(resources);
}

function changed(at: string, value: unknown): object {
  const document = structuredClone(BASE);
  const keys = at.split('.');
  const last = keys.pop() as string;
  // biome-ignore lint/suspicious/noExplicitAny: a path through plain data
  const parent = keys.reduce<any>((node, key) => (node[key] ??= {}), document);
  parent[last] = value;
  return document;
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | false;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** The leaves as `services.*.port`: names that people choose are `*`, lists and alternatives are looked through. */
function leavesOf(schema: z.ZodType): string[] {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' });
  return [...new Set(walk(json as Schema, []))];
}

function walk(schema: Schema, path: readonly string[]): string[] {
  const { properties = {}, additionalProperties, items, anyOf = [] } = schema;
  const inner = [
    ...Object.entries(properties).flatMap(([key, each]) => walk(each, [...path, key])),
    ...(additionalProperties ? walk(additionalProperties, [...path, '*']) : []),
    ...(items ? walk(items, path) : []),
    ...anyOf.flatMap((each) => walk(each, path)),
  ];
  return inner.length > 0 ? inner : [path.join('.')];
}
