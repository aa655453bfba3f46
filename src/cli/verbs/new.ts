import { writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { makeFolder } from '../../store/make-folder.ts';
import { EXIT, type Verb } from '../verb.ts';

const STARTER = `# yaml-language-server: $schema=./mesh.schema.json
# (portcullis schema --out mesh.schema.json writes that file: editors then complete and check this one.)
#
# A mesh of two services. Everything is denied that is not allowed below.
version: 1
mesh: my-mesh
trustDomain: my-mesh.example      # the first part of every identity; it cannot change later

services:
  web:                            # spiffe://my-mesh.example/web
    port: 8080                    # where the app listens, on its own machine
  api:
    port: 8080

policies:
  - name: web-reads-api
    allow:
      from: web
      to: api
      methods: [GET]
      paths: ["/items", "/items/**"]

tests:                            # run them with: portcullis test
  - { from: web, to: api, request: GET /items/1, expect: allow, because: web-reads-api }
  - { from: web, to: api, request: DELETE /items/1, expect: deny }
  - { from: api, to: web, request: GET /, expect: deny }
`;

export const newMesh: Verb = {
  positionals: ['FILE'],
  usage: 'new [FILE]',
  details: `Writes a commented document (default: mesh.yaml). An existing file is left alone.

  portcullis new && portcullis test`,
  options: {},
  async run({ positionals, terminal }) {
    const path = positionals[0] ?? 'mesh.yaml';
    await makeFolder(dirname(resolve(path)));
    try {
      await writeFile(path, STARTER, { flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      terminal.complain(`${path} exists already; name another file: portcullis new FILE`);
      return EXIT.no;
    }
    terminal.print(
      `wrote ${path}. Next: portcullis test --mesh ${path}, then portcullis serve --mesh ${path}`,
    );
    return EXIT.ok;
  },
};
