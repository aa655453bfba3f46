/** Small random documents and calls, from alphabets so narrow that rules and calls often meet. */
import fc from 'fast-check';
import type { Call } from '../../src/policy/evaluate.ts';

const SERVICES = {
  a: { port: 8080 },
  b: { ports: { api: { port: 8080 }, admin: { port: 9090 } } },
  c: { port: 8080 },
};
const GATEWAYS = { g: { listeners: [{ port: 8000 }], routes: [{ to: 'a' }] } };
const GROUPS = { ab: ['a', 'b'], cg: ['c', 'g'] };

const ID = 'spiffe://shop.example';
const FROM = [
  'a',
  'b',
  'c',
  'g',
  'ab',
  'cg',
  'authenticated',
  `${ID}/c`,
  `${ID}/*`,
  `${ID}/job-*`,
  `${ID}/job-*/run`,
  `${ID}/job-1/**`,
  { cidr: '10.0.0.0/8' },
  { cidr: '10.1.0.0/16' },
];
const HEADERS = [
  'x',
  { prefix: 'x' },
  { suffix: 'x' },
  { regex: 'x+' },
  { present: true },
  { present: false },
];
const HOSTS = ['*', 'b', '*.b', '*.example', 'a.b'];
const PATHS = ['/', '/p', '/p/', '/p/q', '/*', '/p/*', '/*/q', '/p/**', '/**', '/*/q/**', '/p/*/r'];

const someOf = <Item>(...items: readonly Item[]) =>
  fc.subarray([...items], { minLength: 1, maxLength: Math.min(3, items.length) });
/** Mostly left out: every condition more is one that a call has to meet. */
const maybe = <Value>(arbitrary: fc.Arbitrary<Value>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const conditions = {
  methods: maybe(someOf('GET', 'PUT', 'POST')),
  hosts: maybe(someOf(...HOSTS)),
  paths: maybe(someOf(...PATHS)),
  headers: maybe(
    fc.dictionary(fc.constantFrom('x-a', 'x-b'), fc.constantFrom(...HEADERS), {
      minKeys: 1,
      noNullPrototype: true,
    }),
  ),
};

const rule = fc.oneof(
  fc.record({
    to: someOf('a', 'b', 'c', 'ab'),
    ports: fc.constant(undefined),
    notPorts: fc.constant(undefined),
  }),
  fc.record({
    to: fc.constant(['b']),
    ports: maybe(someOf('api', 'admin')),
    notPorts: maybe(fc.constant(['admin'])),
  }),
);

const policy = fc
  .record({
    effect: fc.constantFrom('allow', 'allow', 'deny', 'deny', 'audit'),
    rule,
    from: someOf(...FROM),
    where: fc.record(conditions),
    not: fc.record({ from: maybe(someOf(...FROM)), ...conditions }),
    hasNot: fc.boolean(),
  })
  .map(({ effect, rule: { to, ports, notPorts }, from, where, not, hasNot }) => {
    const negated = { ...not, ports: notPorts };
    const isEmpty = Object.values(negated).every((value) => value === undefined);
    return { [effect]: { from, to, ports, ...where, ...(hasNot && !isEmpty && { not: negated }) } };
  });

/** The data of a document for `shopMesh`. */
export const arbitraryDocument = fc.array(policy, { maxLength: 5 }).map((policies) => ({
  services: SERVICES,
  gateways: GATEWAYS,
  groups: GROUPS,
  ...(policies.length > 0 && { policies: policies.map((entry, index) => ({ name: `p${index}`, ...entry })) }),
}));

const CALLERS = ['a', 'b', 'c', 'g', 'job-1', 'job-1/run', 'job-2/run', 'job-'];

/** With a known address, and a path that normalisation leaves as it is. */
export const arbitraryCall: fc.Arbitrary<Call> = fc
  .record({
    caller: fc.record({
      spiffeId: fc.constantFrom(...CALLERS).map((name) => `${ID}/${name}`),
      address: fc.constantFrom('10.0.0.1', '10.1.2.3', '192.0.2.1'),
    }),
    callee: fc.constantFrom('a', 'b', 'c'),
    port: fc.constantFrom('8080', 'api', 'admin'),
    method: fc.constantFrom('GET', 'PUT', 'HEAD'),
    path: fc.constantFrom('/', '/p', '/p/', '/p/q', '/p/q/r', '/o/q', '/o/q/', '/P'),
    host: fc.constantFrom('b', 'B:80', 'a.b', 'x.a.b', 'c.example.', 'example'),
    headers: fc.dictionary(fc.constantFrom('x-a', 'x-b'), fc.constantFrom('x', 'xx', 'xy', 'yx', ''), {
      noNullPrototype: true,
    }),
  })
  .map((call) => ({
    ...call,
    port: call.callee === 'b' ? (call.port === '8080' ? 'api' : call.port) : '8080',
  }));
