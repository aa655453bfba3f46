/**
 * The contract with scripts, line by line: a command, its exit code (0 yes, 1 no, 2 wrong usage, 3 no server), and what
 * it says where. Data goes to standard output, everything else to standard error.
 */
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VERBS } from '../../src/cli/verbs.ts';
import { type CliResult, runCli } from '../support/cli.ts';

interface Case {
  readonly run: string;
  readonly exit: 0 | 1 | 2 | 3;
  /** What the stream holds; a stream that is not mentioned stays empty. */
  readonly out?: readonly (string | RegExp)[];
  readonly err?: readonly (string | RegExp)[];
  /** What the one line of JSON on standard output holds. */
  readonly json?: object;
  readonly env?: Readonly<Record<string, string>>;
}

const BROKEN = `version: 1
mesh: shop
trustDomain: shop.example
services:
  orders: { prot: 8080 }
policies:
  - { name: p, allow: { from: nobody, to: orders } }
`;

const HEADERS = `version: 1
mesh: shop
trustDomain: shop.example
services: { web: { port: 80 }, api: { port: 80 } }
policies:
  - { name: tenants, allow: { from: web, to: api, headers: { x-tenant: "a,b" } } }
tests:
  - { from: web, to: api, request: GET /, headers: { x-tenant: "a,b" }, expect: allow }
  - { from: web, to: api, request: GET /, expect: allow }
`;

/** What a server that was killed leaves in its state folder. */
const LEFT_BEHIND = {
  ...{ pid: 1, mesh: 'mesh.yaml', xds: '127.0.0.1:1', xdsCa: 'xds-ca.pem' },
  ...{ admin: 'http://127.0.0.1:2', adminToken: 'token' },
};

const HELP: readonly Case[] = [
  { run: '', exit: 2, out: ['usage: portcullis VERB', ...VERBS.map(({ name }) => `\n  ${name} `)] },
  { run: '--help', exit: 0, out: ['usage: portcullis VERB', 'Exit codes: 0 yes'] },
  { run: 'help can', exit: 0, out: ['usage: portcullis can --from WHO', '--header'] },
  ...VERBS.map(
    ({ name }): Case => ({
      run: `${name} --help`,
      exit: 0,
      out: [`usage: portcullis ${name}`, ...(name === 'new' ? [] : ['options:'])],
    }),
  ),
  { run: 'vaildate', exit: 2, err: ['there is no verb "vaildate" (did you mean "validate"?)'] },
  { run: 'frobnicate', exit: 2, err: ['portcullis --help lists them'] },
  { run: 'can --form orders', exit: 2, err: ['did you mean "--from"?', 'usage: portcullis can'] },
];

const CAN: readonly Case[] = [
  {
    run: 'can --mesh shop.yaml --from orders --to payments GET /payments/7',
    exit: 0,
    out: [/^allowed by "orders-takes-payments" at shop\.yaml:\d+:5\n/, 'spiffe://shop.example/orders'],
  },
  {
    run: 'can --mesh shop.yaml --from spiffe://shop.example/orders --to payments GET /payments/7',
    exit: 0,
    out: [/^allowed/],
  },
  {
    run: 'can --mesh shop.yaml --from shipping --to orders GET /orders/7/payment',
    exit: 1,
    out: [
      /^denied by default/,
      /nearest: "shipping-reads-addresses" at shop\.yaml:\d+:5/,
      'path is /orders/7/payment, and it takes /orders/*/shipping',
      'add --fix',
    ],
  },
  {
    run: 'can --mesh shop.yaml --from orders --to catalog GET /inventory',
    exit: 1,
    out: [/^denied by "inventory-is-internal" at shop\.yaml:\d+:5/],
  },
  {
    run: 'can --mesh shop.yaml --from edge --to catalog GET /products/7%2f8',
    exit: 1,
    out: [/^refused with 400.*escaped slash/],
  },
  {
    run: 'can --mesh shop.yaml --json --from orders --to payments GET /payments/7',
    exit: 0,
    json: { verdict: 'allow', policy: 'orders-takes-payments', position: { file: 'shop.yaml', column: 5 } },
  },
  {
    run: 'can --mesh shop.yaml --json --from shipping --to orders GET /orders/7',
    exit: 1,
    json: { verdict: 'deny', policy: 'default', nearest: { policy: 'shipping-reads-addresses' } },
  },
  {
    run: 'can --mesh shop.yaml --json --from shipping --to orders GET /orders/7%2f8',
    exit: 1,
    json: { verdict: 'refused', policy: 'default' },
  },
  { run: 'can --mesh headers.yaml --from web --to api GET /', exit: 1, out: ['header x-tenant'] },
  {
    run: "can --mesh headers.yaml --from web --to api --header 'X-Tenant: a' --header 'x-tenant: b' GET /",
    exit: 0,
    out: [/^allowed by "tenants"/],
  },
  {
    run: 'can --mesh headers.yaml --from web --to api --header x-tenant GET /',
    exit: 2,
    err: [`--header "x-tenant" is none: write 'name: value'`],
  },
  { run: 'can --mesh shop.yaml --from ordres --to payments GET /', exit: 2, err: ['did you mean "orders"?'] },
  { run: 'can --mesh shop.yaml --from orders --to paymnets GET /', exit: 2, err: ['mean "payments"?'] },
  { run: 'can --mesh shop.yaml --from orders --to edge GET /', exit: 2, err: ['"edge" is a gateway'] },
  { run: 'can --mesh shop.yaml --to payments GET /', exit: 2, err: ['--from is required'] },
  { run: 'can --mesh shop.yaml --from orders --to payments GET', exit: 2, err: ['PATH is missing'] },
  { run: 'can --mesh shop.yaml --from orders --to payments GET /a b', exit: 2, err: ['"b" is too much'] },
  {
    run: 'can --mesh broken.yaml --from a --to b GET /',
    exit: 1,
    out: ['broken.yaml:5:13: '],
    err: ['3 violations'],
  },
  { run: 'can --from orders --to payments GET /', exit: 2, err: ['there is no mesh.yaml here'] },
  {
    run: 'can --from orders --to payments GET /payments',
    env: { PORTCULLIS_MESH: 'shop.yaml' },
    exit: 0,
    out: [/^allowed/],
  },
];

const DOCUMENTS: readonly Case[] = [
  {
    run: 'validate shop.yaml',
    exit: 0,
    out: ['ok shop.yaml: mesh "shop", 4 services, 1 gateway, 6 policies'],
  },
  {
    run: 'validate shop.yaml --json',
    exit: 0,
    json: { ok: true, mesh: 'shop', services: 4, violations: [] },
  },
  {
    run: 'validate broken.yaml',
    exit: 1,
    out: [/^broken\.yaml:5:13: .*"prot".*did you mean "port"\?/m, /^broken\.yaml:7:.*"nobody"/m],
    err: ['nothing was applied'],
  },
  {
    run: 'validate broken.yaml --json',
    exit: 1,
    json: {
      ok: false,
      violations: expect.arrayContaining([expect.objectContaining({ line: 5, column: 13 })]),
    },
  },
  { run: 'validate nowhere.yaml', exit: 1, out: ['nowhere.yaml:1:1: does not exist'], err: ['1 violation'] },
  {
    run: 'test shop.yaml',
    exit: 0,
    out: [' ✓ shipping → orders: GET /orders/7/shipping is allowed', '0 failed'],
  },
  {
    run: 'test headers.yaml',
    exit: 1,
    out: [
      ' ✓ web → api: GET / is allowed',
      ' ✗ web → api: GET / is allowed',
      /headers\.yaml:9:5: /,
      '1 failed',
    ],
  },
  { run: 'test headers.yaml --json', exit: 1, json: { passed: 1, failed: 1 } },
  { run: 'test broken.yaml', exit: 1, out: ['broken.yaml:5:13'], err: ['nothing was applied'] },
];

const SERVERS: readonly Case[] = [
  { run: 'status', exit: 3, err: ['no server was started with the state folder', '--state'] },
  { run: 'status --state left', exit: 3, err: ['127.0.0.1:2: nobody listens there, so start it'] },
  { run: 'call orders GET http://payments/', exit: 3, err: ['no demo runs in this folder'] },
  { run: 'call orders GET payments', exit: 2, err: ['"payments" is no URL of a service'] },
  { run: 'serve --mesh shop.yaml --xds here', exit: 2, err: ['--xds "here" is no address'] },
  { run: 'serve --mesh shop.yaml --leaf-ttl soon', exit: 2, err: ['--leaf-ttl "soon" is no duration'] },
  { run: 'serve --mesh shop.yaml --log-level loud', exit: 2, err: ['--log-level "loud" is none of'] },
  { run: 'token', exit: 2, err: ['SERVICE is missing'] },
  { run: 'token create', exit: 2, err: ['SERVICE is missing', 'usage: portcullis token create SERVICE'] },
  { run: 'help token list', exit: 0, out: ['usage: portcullis token list'] },
  { run: 'token list', exit: 3, err: ['no server was started with the state folder', '--state'] },
  { run: 'token list now', exit: 2, err: ['"now" is too much'] },
  { run: 'token revoke', exit: 2, err: ['TOKEN is missing'] },
  { run: 'token revoke ../x', exit: 2, err: ['"../x" is no name of a token'] },
  { run: 'token revoke x', exit: 3, err: ['no server was started'] },
  { run: 'token renew', exit: 2, err: ['FILE is missing'] },
  { run: 'token renew none.token --mesh shop.yaml', exit: 1, err: ['"none.token" does not exist'] },
  { run: 'token renew a --bootstrap b --ttl 1h', exit: 2, err: ['--ttl is for who has the state folder'] },
  { run: 'token ordres --mesh shop.yaml', exit: 2, err: ['did you mean "orders"?'] },
  { run: 'bootstrap ordres --mesh shop.yaml', exit: 2, err: ['did you mean "orders"?'] },
  { run: 'bootstrap orders --mesh shop.yaml', exit: 1, err: ['start "portcullis serve" once'] },
  { run: 'demo --once --json', exit: 2, err: ['choose one'] },
];

const RED = '\u001b[31m';
const COLOURS: readonly Case[] = [
  { run: 'can --mesh shop.yaml --from edge --to payments GET /', exit: 1, out: [/^denied/] },
  {
    run: 'can --mesh shop.yaml --from edge --to payments GET /',
    env: { FORCE_COLOR: '1' },
    exit: 1,
    out: [RED],
  },
  {
    run: 'can --mesh shop.yaml --from edge --to payments GET / --json',
    env: { FORCE_COLOR: '1' },
    exit: 1,
    json: { verdict: 'deny' },
  },
];

let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'portcullis-cli-'));
  await copyFile(new URL('../../examples/shop/mesh.yaml', import.meta.url), join(cwd, 'shop.yaml'));
  await writeFile(join(cwd, 'broken.yaml'), BROKEN);
  await mkdir(join(cwd, 'left'));
  await writeFile(join(cwd, 'left', 'server.json'), JSON.stringify(LEFT_BEHIND));
  await writeFile(join(cwd, 'headers.yaml'), HEADERS);
});

afterAll(() => rm(cwd, { recursive: true }));

function expectStream(text: string, expected: readonly (string | RegExp)[] = []): void {
  if (expected.length === 0) expect(text).toBe('');
  for (const part of expected) {
    if (typeof part === 'string') expect(text).toContain(part);
    else expect(text).toMatch(part);
  }
}

function expectResult({ code, stdout, stderr }: CliResult, { exit, out, err, json }: Case): void {
  expect({ code, stderr }).toEqual({ code: exit, stderr: expect.any(String) });
  expectStream(stderr, err);
  if (json)
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([json]);
  else expectStream(stdout, out);
}

describe.concurrent.each([
  ['help', HELP],
  ['can', CAN],
  ['validate and test', DOCUMENTS],
  ['verbs without a server', SERVERS],
  ['colour', COLOURS],
] as const)('%s', (_, cases) => {
  it.each(cases)('$exit: portcullis $run', async (given) => {
    expectResult(await runCli(given.run, { cwd, ...(given.env ? { env: given.env } : {}) }), given);
  });
});
