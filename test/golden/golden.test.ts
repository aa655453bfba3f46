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
import type { CompiledResource, Proxy } from '../../src/compile/proxy.ts';
import { decode, encode } from '../../src/proto/descriptors.ts';
import { CLUSTER, ENDPOINTS, LISTENER, ROUTE, resourceTypeOf } from '../../src/proto/resource-types.ts';
import { envoyComplaint } from '../support/envoy-validate.ts';
import { CASES, type GoldenCase, loadCase } from '../support/golden-case.ts';
import { inlineBootstrap, jsonOf } from '../support/inline-bootstrap.ts';
import { toProtoJson } from '../support/proto-json.ts';
import { sampleBootstrap } from '../support/sample-bootstrap.ts';
import { throwAwaySecrets } from '../support/throw-away-secrets.ts';

const REGENERATE = 'if this is what you meant: npm run golden, then review the difference';

const FILES = { listeners: LISTENER, routes: ROUTE, clusters: CLUSTER, endpoints: ENDPOINTS };

const cases = readdirSync(CASES);

test('there are cases to check', () => {
  expect(cases).toContain('shop');
});

describe.each(cases)('%s', (name) => {
  const golden = loadCase(name);
  const proxies = golden.proxies.map((proxy) => ({
    of: proxy.service,
    proxy,
    resources: compiled(golden, proxy),
  }));

  test.each(proxies)('$of gets what the files say', async ({ of, resources }) => {
    for (const [file, type] of Object.entries(FILES)) {
      const ofType = resources.filter(({ typeUrl }) => typeUrl === type.typeUrl);
      if (ofType.length === 0) continue;
      const text = stringify(ofType.map(jsonOf), { aliasDuplicateObjects: false, lineWidth: 110 });
      await expect(text, REGENERATE).toMatchFileSnapshot(join(CASES, name, `${of}.${file}.yaml`));
    }
  });

  test.each(proxies)('nothing that $of gets is lost on the wire', ({ resources }) => {
    for (const resource of resources) expect(overTheWire(resource)).toEqual(jsonOf(resource));
  });

  test.each(proxies)(
    'what $of gets is consistent, and the real Envoy takes it',
    async ({ proxy, resources }) => {
      expect(inconsistencies(resources)).toEqual([]);
      const secrets = await throwAwaySecrets(golden.mesh, proxy);
      const inlined = inlineBootstrap(sampleBootstrap(proxy), resources, secrets);
      expect(await envoyComplaint(inlined)).toBeUndefined();
    },
  );

  test('no file is left of a proxy that is no more', () => {
    const expected = proxies.flatMap(({ of, resources }) =>
      Object.entries(FILES)
        .filter(([, type]) => resources.some(({ typeUrl }) => typeUrl === type.typeUrl))
        .map(([file]) => `${of}.${file}.yaml`),
    );
    const isUpdate = expect.getState().snapshotState.snapshotUpdateState === 'all';
    const stale = readdirSync(join(CASES, name)).filter(
      (file) => !['mesh.yaml', 'proxies.yaml', ...expected].includes(file),
    );
    if (isUpdate) for (const file of stale) rmSync(join(CASES, name, file));
    else expect(stale, REGENERATE).toEqual([]);
  });
});

const compiled = ({ mesh, rules, endpoints }: GoldenCase, proxy: Proxy) =>
  compileProxy(mesh, rules, endpoints, proxy);

function overTheWire({ typeUrl, message }: CompiledResource): object {
  const type = resourceTypeOf(typeUrl)?.message ?? '';
  return toProtoJson(type, decode(type, encode(type, message)));
}
