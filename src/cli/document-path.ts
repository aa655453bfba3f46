import { existsSync } from 'node:fs';
import { findRunningDemo } from './running-demo.ts';
import { textOption, UsageError, type VerbInput } from './verb.ts';

/** The document a verb is about: `--mesh`, `PORTCULLIS_MESH`, `./mesh.yaml`, else that of the demo that runs. */
export function documentPath(input: VerbInput): string {
  const named = textOption(input, 'mesh');
  if (named !== undefined) return named;
  if (existsSync('mesh.yaml')) return 'mesh.yaml';
  const demo = findRunningDemo();
  if (demo) return demo.mesh;
  throw new UsageError(
    'there is no mesh.yaml here: name a document with --mesh FILE, or write one with "portcullis new"',
  );
}

export const MESH_OPTION = {
  type: 'string',
  value: 'FILE',
  help: 'the document, or a folder of documents (default: ./mesh.yaml, else that of a running demo)',
} as const;
