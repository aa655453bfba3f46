import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compileBootstrap } from '../compile/bootstrap.ts';
import { sdsFileOf, tokenSds, writeTokenFiles } from './token-file.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-token-'));
  path = join(folder, 'tokens', 'orders.token');
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('the files of a join token', () => {
  it('are the bare token and a file that leads Envoy to it without holding it, both 0600', async () => {
    await writeTokenFiles(path, 'the.join.token');
    expect(readFileSync(path, 'utf8')).toBe('the.join.token');
    expect(JSON.parse(readFileSync(sdsFileOf(path), 'utf8'))).toEqual({
      resources: [
        {
          '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
          name: 'portcullis-token',
          generic_secret: { secret: { filename: path } },
        },
      ],
    });
    expect([path, sdsFileOf(path)].map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600]);
    expect(readdirSync(join(folder, 'tokens')).sort()).toEqual(['orders.token', 'orders.token.sds.json']);
  });

  it('hold the secret that a bootstrap asks for by name', () => {
    const bootstrap = compileBootstrap({
      proxy: {
        kind: 'service',
        service: 'orders',
        instance: '1',
        inbound: { address: '10.0.0.1', port: 15006 },
        outbound: { address: '127.0.0.1', port: 15001 },
        bindAddress: '127.0.0.1',
        portMap: new Map(),
      },
      mesh: 'shop',
      xds: { address: '10.0.0.2', port: 18000 },
      xdsCaPem: '',
      xdsServerId: 'spiffe://shop.example/portcullis',
      tokenFile: sdsFileOf(path),
      admin: { pipe: '/run/envoy.sock' },
    });
    const { name } = JSON.parse(tokenSds(path)).resources[0];
    expect(JSON.stringify(bootstrap)).toContain(`"credential":{"name":"${name}","sds_config"`);
    expect(JSON.stringify(bootstrap)).toContain(`"path_config_source":{"path":"${sdsFileOf(path)}"`);
  });

  it('are replaced by renaming, as Envoy needs it to notice, and become private if they were not', async () => {
    await writeTokenFiles(path, 'old');
    chmodSync(path, 0o644);
    const inode = statSync(path).ino;
    await writeTokenFiles(path, 'new');
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(statSync(path).ino).not.toBe(inode);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('that cannot be written are named, and the token is not', async () => {
    writeFileSync(join(folder, 'tokens'), 'a file in the way');
    const error = await writeTokenFiles(path, 'the.join.token').catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'ERR_STATE', message: expect.stringContaining(`"${path}"`) });
    expect(`${error.stack}${error.cause}`).not.toContain('the.join.token');
  });
});
