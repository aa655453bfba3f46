/**
 * Makes `dist/`, what the npm package carries: `npm run build`. Node runs the sources of a checkout as they are, but
 * strips no types under node_modules.
 */
import { chmodSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './child.mjs';
import { explainFailure, SetupFailure, say } from './failure.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SHEBANG = '#!/usr/bin/env node\n';
const dist = (path: string) => join(ROOT, 'dist', path);

async function compileSources(): Promise<void> {
  const { status, output } = await run('tsc', ['--project', 'tsconfig.build.json'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (status !== 0) throw new SetupFailure('the sources do not compile', output);
}

function copyEnvoyApi(): void {
  cpSync(join(ROOT, 'src/proto/gen/envoy-api.json'), dist('proto/gen/envoy-api.json'));
  rmSync(dist('proto/gen/types'), { recursive: true, force: true }); // types alone: nothing is left of them
}

function makeExecutable(path: string): void {
  const source = readFileSync(path, 'utf8');
  if (!source.startsWith('#!')) writeFileSync(path, SHEBANG + source);
  chmodSync(path, 0o755);
}

await explainFailure(async () => {
  rmSync(dist(''), { recursive: true, force: true });
  await compileSources();
  copyEnvoyApi();
  if (!existsSync(dist('main.js')))
    throw new SetupFailure('there is no src/main.ts, the program that the package runs');
  makeExecutable(dist('main.js'));
  say('built dist/');
});
