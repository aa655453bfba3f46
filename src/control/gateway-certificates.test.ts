import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HEAD, meshOf } from '../../test/support/mesh-text.ts';
import { selfSigned } from '../../test/support/self-signed.ts';
import { systemClock } from '../lib/clock.ts';
import { silentLogger } from '../lib/logger.ts';
import { GatewayCertificates } from './gateway-certificates.ts';

const MESH = meshOf(`${HEAD}services: { catalog: { port: 8080 } }
gateways: { edge: { listeners: [{ port: 8443, tls: { cert: a.pem, key: a.key } }], routes: [{ to: catalog }] } }
`);

let folder: string;
let watched: GatewayCertificates;
let changes = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateway-certificates-'));
  changes = 0;
  const onChanged = () => {
    changes += 1;
  };
  watched = new GatewayCertificates({ clock: systemClock, logger: silentLogger, pollMs: 60_000, onChanged });
});

afterEach(async () => {
  watched.close();
  await rm(folder, { recursive: true });
});

async function writePair(): Promise<void> {
  const { certificate, key } = await selfSigned();
  await writeFile(join(folder, 'a.pem'), certificate);
  await writeFile(join(folder, 'a.key'), key);
}

/** The mesh above, with its files in this test's folder. */
function mesh() {
  const gateways = [...MESH.gateways].map(([name, gateway]) => {
    const listeners = gateway.listeners.map((listener) => ({
      ...listener,
      tls: { certFile: join(folder, 'a.pem'), keyFile: join(folder, 'a.key') },
    }));
    return [name, { ...gateway, listeners }] as const;
  });
  return { ...MESH, gateways: new Map(gateways) };
}

const versions = () => watched.secretsOf('edge').map(({ version }) => version);

describe('the certificates of gateways', () => {
  it('come out of the files that the document names, one secret for each listener', async () => {
    await writePair();
    await watched.watch(mesh());
    expect(watched.secretsOf('edge').map(({ name }) => name)).toEqual(['gateway-certificate|edge|8443']);
    expect([watched.problems(), changes]).toEqual([{}, 1]);
  });

  it('change with the files, and only then', async () => {
    await writePair();
    await watched.watch(mesh());
    const before = versions();
    await watched.watch(mesh());
    expect([versions(), changes]).toEqual([before, 1]);
    await writePair();
    await watched.watch(mesh());
    expect(versions()).not.toEqual(before);
    expect(changes).toBe(2);
  });

  it.each([
    [
      'a key of another certificate',
      'a.key',
      async () => (await selfSigned()).key,
      'is not that of the certificate',
    ],
    ['a key that is none', 'a.key', async () => 'no key', 'holds no private key in PEM'],
    ['a certificate that is none', 'a.pem', async () => 'no certificate', 'holds no certificate in PEM'],
  ])(
    'stay as they were when the files hold %s, and the problem is told',
    async (_what, file, content, why) => {
      await writePair();
      await watched.watch(mesh());
      const before = versions();
      await writeFile(join(folder, file), await content());
      await watched.watch(mesh());
      expect(versions()).toEqual(before);
      expect(Object.values(watched.problems())[0]).toContain(why);
    },
  );

  it('are missing, with the problem told, when the files never were there', async () => {
    await watched.watch(mesh());
    expect(versions()).toEqual([]);
    expect(Object.values(watched.problems())[0]).toContain('no such file');
  });
});
