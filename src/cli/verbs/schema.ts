import { writeFile } from 'node:fs/promises';
import { meshJsonSchema } from '../../mesh/json-schema.ts';
import { EXIT, textOption, type Verb } from '../verb.ts';

export const schema: Verb = {
  positionals: [],
  usage: 'schema [--out FILE]',
  details: `Editors with a YAML language server complete and check the document when its first line is
"# yaml-language-server: $schema=./mesh.schema.json".

  portcullis schema --out mesh.schema.json`,
  options: { out: { type: 'string', value: 'FILE', help: 'where to write it (default: standard output)' } },
  async run(input) {
    const text = JSON.stringify(meshJsonSchema(), null, 2);
    const out = textOption(input, 'out');
    if (out === undefined) input.terminal.print(text);
    else await writeFile(out, `${text}\n`);
    return EXIT.ok;
  },
};
