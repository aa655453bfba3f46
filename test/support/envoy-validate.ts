/** The real Envoy's opinion of a bootstrap, and of the command that starts it. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findEnvoy } from '../../src/cli/envoy-binary.ts';
import { startCommand } from '../../src/compile/start-command.ts';

/** What `envoy --mode validate` complains of; undefined if the configuration is good. A missing Envoy throws. */
export async function envoyComplaint(bootstrap: object): Promise<string | undefined> {
  const { path } = await findEnvoy(process.env);
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-validate-'));
  try {
    const file = join(folder, 'bootstrap.json');
    writeFileSync(file, JSON.stringify(bootstrap));
    const [envoy, ...args] = startCommand({
      envoy: path,
      bootstrapFile: file,
      concurrency: 1,
      logLevel: 'warning',
    });
    await promisify(execFile)(envoy, [...args, '--mode', 'validate']);
    return undefined;
  } catch (error) {
    return (error as { stderr?: string }).stderr || String(error);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
