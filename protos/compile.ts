/**
 * Compiles the Envoy API files in use (`envoy-api.json`) and our overlay of newer fields (`overlay.json`) into
 * `src/proto/gen/envoy-api.json`, the descriptor set that `src/proto/descriptors.ts` loads, and `types` beside it, which the
 * type checker reads. Parsing .proto files at every start would cost a third of a second; this runs at install.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadSync } from '@grpc/proto-loader';
import protobuf from 'protobufjs';
import { LOADER_OPTIONS } from '../src/proto/loader-options.ts';

const here = dirname(fileURLToPath(import.meta.url));
const gen = join(dirname(here), 'src/proto/gen');
const require = createRequire(import.meta.url);

interface Overlay {
  readonly enums: readonly { readonly name: string; readonly values: Record<string, number> }[];
  readonly messages: readonly string[];
  readonly fields: readonly {
    readonly message: string;
    readonly name: string;
    readonly id: number;
    readonly type: string;
  }[];
}

const { files } = JSON.parse(readFileSync(join(here, 'envoy-api.json'), 'utf8')) as { files: string[] };
const overlay = JSON.parse(readFileSync(join(here, 'overlay.json'), 'utf8')) as Overlay;

const apiPackage = dirname(require.resolve('@grpc/grpc-js-xds/package.json'));
const includeDirs = ['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'].map((folder) =>
  join(apiPackage, 'deps', folder),
);

function loadApi(): protobuf.Root {
  loadSync([], {}); // registers google.protobuf.* with protobufjs
  const api = new protobuf.Root();
  api.resolvePath = (_origin, target) => {
    if (isAbsolute(target)) return target;
    const found = includeDirs.map((folder) => join(folder, target)).find((path) => existsSync(path));
    return found ?? target;
  };
  return api.loadSync(files, { keepCase: LOADER_OPTIONS.keepCase });
}

function splitName(fullName: string): [namespace: string, name: string] {
  const dot = fullName.lastIndexOf('.');
  return [fullName.slice(0, dot), fullName.slice(dot + 1)];
}

function applyOverlay(api: protobuf.Root): void {
  for (const { name, values } of overlay.enums) {
    const [namespace, enumName] = splitName(name);
    (api.lookup(namespace) as protobuf.Namespace).add(new protobuf.Enum(enumName, values));
  }
  for (const name of overlay.messages) {
    const [namespace, messageName] = splitName(name);
    (api.lookup(namespace) as protobuf.Namespace).add(new protobuf.Type(messageName));
  }
  for (const { message, name, id, type } of overlay.fields) {
    api.lookupType(message).add(new protobuf.Field(name, id, type));
  }
}

function generateTypes(outDir: string): void {
  const cli = join(
    dirname(require.resolve('@grpc/proto-loader/package.json')),
    'build/bin/proto-loader-gen-types.js',
  );
  const { longs, enums, ...flags } = LOADER_OPTIONS;
  const options = [
    ...Object.entries(flags).map(([flag, on]) => `--${flag}=${on}`),
    ...[`--longs=${longs.name}`, `--enums=${enums.name}`, '--importFileExtension=.ts'],
  ];
  const includes = includeDirs.map((folder) => `--includeDirs=${folder}`);
  rmSync(outDir, { recursive: true, force: true });
  execFileSync(
    process.execPath,
    [cli, ...options, ...includes, '--grpcLib=@grpc/grpc-js', '-O', outDir, ...files],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  // one file per .proto with client constructors, which nobody here uses; the messages lie in folders below
  for (const entry of readdirSync(outDir)) if (entry.endsWith('.ts')) rmSync(join(outDir, entry));
}

const api = loadApi();
applyOverlay(api);
api.resolveAll();
mkdirSync(gen, { recursive: true });
generateTypes(join(gen, 'types'));
// last and at once: the set-up takes this file for the sign that all is there
writeFileSync(join(gen, 'envoy-api.json.new'), JSON.stringify(api.toJSON()));
renameSync(join(gen, 'envoy-api.json.new'), join(gen, 'envoy-api.json'));
