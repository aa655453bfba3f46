/** What the command line writes: documents, schemas, tokens, bootstraps; and what `can --fix` tells people to paste. */
import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { startServer } from '../../src/cli/server.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { runCli } from '../support/cli.ts';
import { envoyComplaint } from '../support/envoy-validate.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const SHOP = new URL('../../examples/shop/mesh.yaml', import.meta.url);

let cwd: string;
const at = (name: string) => join(cwd, name);
const run = (command: string) => runCli(command, { cwd });
const text = (name: string) => readFile(at(name), 'utf8');
const modeOf = async (name: string) => (await stat(at(name))).mode & 0o777;

beforeAll(async () => {
  cwd = await temporaryFolder('cli-files');
  await copyFile(SHOP, at('shop.yaml'));
});

describe('portcullis new', () => {
  it('writes a document that is valid and passes its own tests', async () => {
    expect(await run('new')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^wrote mesh\.yaml/) });
    expect(await run('validate')).toMatchObject({ code: 0 });
    expect(await run('test')).toMatchObject({ code: 0, stdout: expect.stringContaining('3 passed') });
  });

  it('leaves a file alone that is there', async () => {
    await writeFile(at('mine.yaml'), 'precious');
    expect(await run('new mine.yaml')).toMatchObject({ code: 1, stdout: '', stderr: /exists already/ });
    expect(await text('mine.yaml')).toBe('precious');
  });
});

describe('portcullis schema', () => {
  it('prints what is in the repository as mesh.schema.json', async () => {
    const { stdout } = await run('schema');
    expect(stdout).toBe(await readFile(new URL('../../mesh.schema.json', import.meta.url), 'utf8'));
    expect(await run('schema --out own.schema.json')).toMatchObject({ code: 0, stdout: '' });
    expect(await text('own.schema.json')).toBe(stdout);
  });
});

describe('portcullis can --fix', () => {
  it.each([
    '--from shipping --to orders GET /orders/7/payment',
    '--from catalog --to payments DELETE /payments/7',
    "--from edge --to orders --header 'x-a: b' PUT /orders/7/it's%20odd",
  ])('prints YAML for %s that allows exactly that, once it is pasted', async (call) => {
    await copyFile(SHOP, at('fixed.yaml'));
    const denied = await run(`can --mesh fixed.yaml --json --fix ${call}`);
    expect(denied.code).toBe(1);
    const { fix } = JSON.parse(denied.stdout) as { fix: string };
    const people = await run(`can --mesh fixed.yaml --fix ${call}`);
    expect(people.stdout).toContain(`add under "policies:"\n\n${fix}`);

    const document = await text('fixed.yaml');
    await writeFile(at('fixed.yaml'), document.replace('policies:\n', `policies:\n${fix}`));
    expect(await run(`can --mesh fixed.yaml ${call}`)).toMatchObject({ code: 0 });
    expect(await run(`can --mesh fixed.yaml ${call}/more`)).toMatchObject({ code: 1 });
  });
});

describe('portcullis token', () => {
  it('writes the token for its owner only, and shows nothing of it', async () => {
    const { code, stdout, stderr } = await run('token orders --mesh shop.yaml --out orders.token');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^wrote orders\.token: token \S+ for orders, good until 20\d\d-/);
    const token = await text('orders.token');
    for (const part of token.split('.')) expect(stdout).not.toContain(part);
    expect(await modeOf('orders.token')).toBe(0o600);
    expect(await modeOf('orders.token.sds.json')).toBe(0o600);
    expect(await modeOf('.portcullis/state.db')).toBe(0o600);
    expect(await modeOf('.portcullis')).toBe(0o700);
  });

  it('binds it to an instance and an address range, and says when it ends', async () => {
    const { stdout } = await run(
      'token orders --mesh shop.yaml --instance 2 --cidr 10.0.0.0/8 --ttl 1h --json',
    );
    const { file, service, jti, expiresAt } = JSON.parse(stdout);
    const claims = JSON.parse(
      Buffer.from((await readFile(file, 'utf8')).split('.')[1] ?? '', 'base64url').toString(),
    );
    expect(claims).toMatchObject({
      sub: service,
      jti,
      exp: expiresAt / 1000,
      instance: '2',
      cidr: '10.0.0.0/8',
    });
    expect(claims.exp - claims.iat).toBeOneOf([3600, 3601]);
  });

  it('cannot be for an instance or a range that makes no sense', async () => {
    for (const bad of ['--instance ../1', '--cidr 10.0.0.0/64']) {
      expect(await run(`token orders --mesh shop.yaml ${bad}`)).toMatchObject({ code: 1, stdout: '' });
    }
  });
});

describe('portcullis bootstrap', () => {
  beforeAll(async () => {
    const loopback = { address: '127.0.0.1', port: 0 };
    const started = await startServer({
      mesh: at('shop.yaml'),
      state: at('.portcullis'),
      xds: loopback,
      admin: loopback,
      leafTtlMs: 3_600_000,
      authorityTtlMs: 3_600_000,
      allowLoopbackEndpoints: true,
      clock: systemClock,
      logger: silentLogger,
    });
    if (started.ok) await started.server.close();
  });

  it.each(['orders', 'edge'])(
    'writes what the real Envoy accepts for %s, and the command for it',
    async (name) => {
      await run(`token ${name} --mesh shop.yaml --out ${name}.token`);
      const { code, stdout, stderr } = await run(
        `bootstrap ${name} --mesh shop.yaml --token ${name}.token --xds control.internal:18000`,
      );
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: expect.stringMatching(/^wrote .*\.bootstrap\.json; /),
      });
      expect(stdout).toContain(`envoy --config-path ${at(`${name}.bootstrap.json`)} --drain-time-s 5 `);
      expect(stdout).toContain(' --drain-strategy immediate ');
      const bootstrap = JSON.parse(await text(`${name}.bootstrap.json`));
      expect(bootstrap.node).toMatchObject({ id: `${name}/1`, cluster: 'shop' });
      expect(await envoyComplaint(bootstrap)).toBeUndefined();
    },
  );

  it('is told where token and bootstrap will lie on the machine of the sidecar', async () => {
    await run('token orders --mesh shop.yaml --out copy.token --at /etc/portcullis/orders.token');
    expect(await text('copy.token.sds.json')).toContain('"filename": "/etc/portcullis/orders.token"');
    const { stdout } = await run(
      'bootstrap orders --mesh shop.yaml --token /etc/portcullis/orders.token --out copy.json --at /etc/portcullis/orders.json',
    );
    expect(stdout).toMatch(/^envoy --config-path \/etc\/portcullis\/orders\.json /);
    expect(await text('copy.json')).toContain('"path": "/etc/portcullis/orders.token.sds.json"');
  });

  it('writes a file without the token and without a key', async () => {
    const bootstrap = await text('orders.bootstrap.json');
    expect(bootstrap).not.toContain((await text('orders.token')).split('.')[2]);
    expect(bootstrap).not.toContain('PRIVATE KEY');
    expect(bootstrap).toContain('BEGIN CERTIFICATE');
  });
});
