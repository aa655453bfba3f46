/** The layers of docs/architecture.md, as data, held against the sources: data flows right, imports point left. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/** What a layer may import besides itself; `types` by `import type` alone: interfaces that it implements. */
interface Layer {
  readonly imports: readonly string[];
  readonly types?: readonly string[];
}

const DATA_PATH = ['lib', 'proto', 'mesh', 'policy', 'compile', 'identity', 'xds'];
const EVERYTHING = [...DATA_PATH, 'telemetry', 'insight', 'store', 'control', 'admin', 'cli'];

/** By folder of src/; `main` is src/main.ts, the composition root. */
const LAYERS: Readonly<Record<string, Layer>> = {
  lib: { imports: [] },
  proto: { imports: ['lib'] },
  mesh: { imports: ['lib'] },
  policy: { imports: ['mesh', 'lib'] },
  compile: { imports: ['mesh', 'policy', 'proto', 'lib'] },
  identity: { imports: ['proto', 'lib'] },
  xds: { imports: ['proto', 'lib'] },
  telemetry: { imports: ['proto', 'policy', 'lib'] },
  insight: { imports: ['lib'] },
  store: { imports: ['lib'], types: ['identity', 'control'] },
  control: { imports: [...DATA_PATH, 'telemetry', 'insight', 'store'] },
  admin: { imports: ['mesh', 'lib'] },
  cli: { imports: EVERYTHING },
  main: { imports: EVERYTHING },
};

/** Code that only some files may hold, in all layers or `within` some. */
const CONFINED: readonly {
  readonly code: RegExp;
  readonly allowed: readonly string[];
  readonly within?: readonly string[];
  readonly why: string;
}[] = [
  {
    code: /\bDate\.now\b|\bnew Date\(\)|\bset(?:Timeout|Interval)\(|\bperformance\.now\b|'node:timers/,
    allowed: ['lib/clock.ts'],
    why: 'time is injected as a Clock',
  },
  { code: /\bprocess\.exit\(/, allowed: [], why: 'set process.exitCode, so that nothing is cut off' },
  {
    code: /\bMath\.random\b|'node:(?:fs|http|https|http2|tls|child_process|crypto)/,
    within: ['policy', 'compile', 'insight'],
    allowed: [],
    why: 'this layer is pure: the same input gives the same output',
  },
];

const LONGEST_FILE = 300;
const VAGUE_NAMES = /(?:^|-)(?:utils?|helpers?|common|(?<!connection-)manager|misc|shared|index)(?:-|\.)/;

interface Module {
  /** From src/, as `xds/server.ts`. */
  readonly path: string;
  readonly text: string;
}

const modules: readonly Module[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.startsWith('proto/gen/'))
  .map((path) => ({ path, text: readFileSync(join(SRC, path), 'utf8') }));
const production = modules.filter(({ path }) => !path.endsWith('.test.ts'));

const layerOf = (path: string) =>
  path.includes('/') ? (path.split('/')[0] as string) : basename(path, '.ts');

const IMPORT = /(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'(\.[^']+)'|import\(\s*'(\.[^']+)'/g;

function importsOf({ path, text }: Module): { target: string; typeOnly: boolean }[] {
  return [...text.matchAll(IMPORT)].map(([, type, fromStatement, fromCall]) => ({
    target: relative(SRC, resolve(SRC, dirname(path), (fromStatement ?? fromCall) as string)),
    typeOnly: type !== undefined,
  }));
}

function wrongImports(module: Module): string[] {
  const layer = layerOf(module.path);
  const { imports = [], types = [] } = LAYERS[layer] ?? {};
  return importsOf(module)
    .filter(({ target, typeOnly }) => {
      const allowed = typeOnly ? [layer, ...imports, ...types] : [layer, ...imports];
      return !allowed.includes(layerOf(target));
    })
    .map(
      ({ target }) => `src/${module.path} imports src/${target}: ${layer} may not import ${layerOf(target)}`,
    );
}

function straysOf(module: Module): string[] {
  const code = module.text.replaceAll(/\/\*[\s\S]*?\*\/|(?:^|\s)\/\/ .*$/gm, '');
  return CONFINED.filter(({ within, allowed }) => {
    return !allowed.includes(module.path) && (within?.includes(layerOf(module.path)) ?? true);
  }).flatMap(({ code: forbidden, why }) => {
    const found = forbidden.exec(code);
    return found ? [`src/${module.path} has ${found[0]}: ${why}`] : [];
  });
}

describe('the layers', () => {
  it('are known for every folder', () => {
    expect(production.length).toBeGreaterThan(0);
    const layers = new Set(production.map(({ path }) => layerOf(path)));
    expect([...layers].filter((layer) => !(layer in LAYERS))).toEqual([]);
  });

  it('import only what lies below them', () => {
    expect(production.flatMap(importsOf).length).toBeGreaterThan(0);
    expect(production.flatMap(wrongImports)).toEqual([]);
  });

  it('leave time, chance and effects to those who may have them', () => {
    expect(production.flatMap(straysOf)).toEqual([]);
  });

  it.each([
    [
      "import { serve } from './server.ts';\nimport type {\n  Mesh,\n} from '../mesh/mesh.ts';",
      'mesh/mesh.ts',
    ],
    ["export * from '../control/presence.ts';", 'control/presence.ts'],
    ["const later = await import('../cli/run.ts');", 'cli/run.ts'],
    ["import '../identity/authority.ts';", 'identity/authority.ts'],
  ])('are told when a module says %j', (text, target) => {
    expect(wrongImports({ path: 'xds/server.ts', text })).toEqual([expect.stringContaining(`src/${target}`)]);
  });

  it('implement an interface of a layer above by its type alone', () => {
    const of = (statement: string) =>
      wrongImports({ path: 'store/x.ts', text: `${statement} '../identity/a.ts';` });
    expect(of('import type { Authority } from')).toEqual([]);
    expect(of('import { Authority } from')).toHaveLength(1);
  });

  it.each([
    ['xds/server.ts', 'const at = Date.now();'],
    ['cli/run.ts', 'setTimeout(() => {}, 1);'],
    ['compile/rbac.ts', "import { readFileSync } from 'node:fs';"],
    ['main.ts', 'process.exit(1);'],
  ])('are told when src/%s has %j', (path, text) => {
    expect(straysOf({ path, text })).toHaveLength(1);
    expect(straysOf({ path, text: `// ${text}` })).toEqual([]);
  });
});

describe('the files', () => {
  it('are named in kebab-case after the one thing that they hold', () => {
    const wrong = modules.filter(({ path }) => {
      return !/^(?:[a-z0-9]+(?:-[a-z0-9]+)*[/.])+ts$/.test(path) || VAGUE_NAMES.test(basename(path));
    });
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it(`are at most ${LONGEST_FILE} lines long`, () => {
    const tooLong = modules.map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }));
    expect(tooLong.filter(({ lines }) => lines > LONGEST_FILE)).toEqual([]);
  });
});
