import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findEnvoy } from '../../src/cli/envoy-binary.ts';

/** A stock Envoy of a test, with its admin interface on a free port of loopback. */
export interface RunningEnvoy {
  /** A GET of the admin interface, as JSON. */
  admin(path: string): Promise<unknown>;
  /** The port that a listener got, or undefined as long as it does not listen. */
  listenerPort(name: string): Promise<number | undefined>;
  /** What it wrote, for the message of a test that fails. */
  log(): string;
  stop(): Promise<void>;
}

interface ListenerStatuses {
  readonly listener_statuses?: readonly {
    readonly name: string;
    readonly local_address: { readonly socket_address: { readonly port_value: number } };
  }[];
}

/** Starts Envoy with a bootstrap, and waits until its admin interface answers. A missing Envoy throws. */
export async function startEnvoy(bootstrap: object): Promise<RunningEnvoy> {
  const { path } = await findEnvoy(process.env);
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-envoy-'));
  const [config, adminAddress] = [join(folder, 'bootstrap.json'), join(folder, 'admin-address')];
  const admin = { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } };
  writeFileSync(config, JSON.stringify({ ...bootstrap, admin }));
  const options = [
    '--concurrency',
    '1',
    '--log-level',
    'warning',
    '--use-dynamic-base-id',
    '--drain-time-s',
    '1',
  ];
  const child = spawn(path, ['-c', config, '--admin-address-path', adminAddress, ...options], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const exited = once(child, 'exit');

  const get = async (adminPath: string): Promise<unknown> => {
    const response = await fetch(`http://${readFileSync(adminAddress, 'utf8').trim()}${adminPath}`);
    return await response.json();
  };
  const envoy: RunningEnvoy = {
    admin: get,
    async listenerPort(name) {
      const { listener_statuses = [] } = (await get('/listeners?format=json')) as ListenerStatuses;
      return listener_statuses.find((status) => status.name === name)?.local_address.socket_address
        .port_value;
    },
    log: () => log,
    async stop() {
      child.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true });
    },
  };
  for (let attempt = 0; attempt < 100 && child.exitCode === null; attempt += 1) {
    if (existsSync(adminAddress)) return envoy;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await envoy.stop();
  throw new Error(`Envoy did not start: ${log}`);
}
