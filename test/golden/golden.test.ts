/**
 * Documents in, Envoy configuration out: each case's resources against files that people review, each message through
 * the encoder and back, and each proxy's whole set through the real Envoy.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { compileProxy } from '../../src/compile/compile.ts';
import { inconsistencies } from '../../src/compile/consistency.ts';
import type { CompiledResource } from '../../src/compile/proxy.ts';
import { decode, encode } from '../../src/proto/descriptors.ts';
import {
  CLUSTER,
  ENDPOINTS,
  LISTENER,
  ROUTE,
  resourceTypeOf,
  SECRET,
} from '../../src/proto/resource-types.ts';
import { envoyComplaint } from '../support/envoy-validate.ts';
import { CASES, loadCase } from '../support/golden-case.ts';
import { inlineBootstrap, jsonOf } from '../support/inline-bootstrap.ts';
import { toProtoJson } from '../support/proto-json.ts';
import { sampleBootstrap } from '../support/sample-bootstrap.ts';
import { throwAwaySecrets } from '../support/throw-away-secrets.ts';

const REGENERATE = 'if this is what you meant: npm run golden, then review the difference';

const FILES = {
  listeners: LISTENER,
  routes: ROUTE,
  clusters: CLUSTER,
  endpoints: ENDPOINTS,
  secrets: SECRET,
};
const INPUTS = ['mesh.yaml', 'proxies.yaml'];

const cases = await Promise.all(readdirSync(CASES).map(compileCase));

async function compileCase(name: string) {
  const { mesh, rules, endpoints, proxies } = loadCase(name);
  const compiled = proxies.map(async (proxy) => ({
    of: proxy.service,
    proxy,
    resources: [
      ...compileProxy(mesh, rules, endpoints, proxy),
      ...(await throwAwaySecrets(mesh, proxy)),
    ] as readonly CompiledResource[],
  }));
  return { name, proxies: await Promise.all(compiled) };
}

describe.each(cases)('$name', ({ name, proxies }) => {
  test.each(proxies)('$of gets what the files say', async ({ of, resources }) => {
    for (const { file, ofType } of filesOf(of, resources)) {
      await expect(yamlOf(ofType), REGENERATE).toMatchFileSnapshot(join(CASES, name, file));
    }
  });

  test.each(proxies)('nothing that $of gets is lost on the wire', ({ resources }) => {
    for (const resource of resources) expect(overTheWire(resource)).toEqual(jsonOf(resource));
  });

  test.concurrent.each(proxies)('the real Envoy takes all that $of gets', async ({ proxy, resources }) => {
    expect(inconsistencies(resources)).toEqual([]);
    expect(await envoyComplaint(inlineBootstrap(sampleBootstrap(proxy), resources))).toBeUndefined();
  });

  test('no file is left of a proxy that is no more', () => {
    const files = proxies.flatMap(({ of, resources }) => filesOf(of, resources).map(({ file }) => file));
    const stale = readdirSync(join(CASES, name)).filter((file) => ![...INPUTS, ...files].includes(file));
    const isUpdate = expect.getState().snapshotState.snapshotUpdateState === 'all';
    if (isUpdate) for (const file of stale) rmSync(join(CASES, name, file));
    else expect(stale, REGENERATE).toEqual([]);
  });
});

describe('the real Envoy complains of', () => {
  const shop = cases.find(({ name }) => name === 'shop')?.proxies.find(({ of }) => of === 'orders');

  test.each([
    ['a route to a cluster that does not exist', CLUSTER, 'out|payments|8080', /unknown cluster/],
    ['a secret that does not exist', SECRET, 'svid', /secret/i],
  ])('%s', async (_what, type, missing, complaint) => {
    if (!shop) throw new Error('the shop case has no orders');
    const rest = shop.resources.filter(({ typeUrl, name }) => typeUrl !== type.typeUrl || name !== missing);
    expect(rest).toHaveLength(shop.resources.length - 1);
    expect(await envoyComplaint(inlineBootstrap(sampleBootstrap(shop.proxy), rest))).toMatch(complaint);
  });
});

function filesOf(of: string, resources: readonly CompiledResource[]) {
  return Object.entries(FILES)
    .map(([kind, { typeUrl }]) => ({
      file: `${of}.${kind}.yaml`,
      ofType: resources.filter((resource) => resource.typeUrl === typeUrl),
    }))
    .filter(({ ofType }) => ofType.length > 0);
}

/** Keys and certificates differ in every run, and keys have no place in a file. */
const PEM = /-----BEGIN ([A-Z ]+)-----.*?-----END \1-----(\\n)*/g;

function yamlOf(resources: readonly CompiledResource[]): string {
  const json = JSON.stringify(resources.map(jsonOf)).replace(PEM, '($1)');
  return stringify(JSON.parse(json), { aliasDuplicateObjects: false, lineWidth: 110 });
}

function overTheWire({ typeUrl, message }: CompiledResource): object {
  const type = resourceTypeOf(typeUrl)?.message ?? '';
  return toProtoJson(type, decode(type, encode(type, message)));
}
