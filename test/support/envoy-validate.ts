/** The real Envoy's opinion of a bootstrap. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findEnvoy } from '../../src/cli/envoy-binary.ts';

/** What `envoy --mode validate` complains of; undefined if the configuration is good. A missing Envoy throws. */
export async function envoyComplaint(bootstrap: object): Promise<string | undefined> {
  const { path } = await findEnvoy(process.env);
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-validate-'));
  try {
    const file = join(folder, 'bootstrap.json');
    writeFileSync(file, JSON.stringify(bootstrap));
    await promisify(execFile)(path, ['--mode', 'validate', '--log-level', 'warning', '-c', file]);
    return undefined;
  } catch (error) {
    return (error as { stderr?: string }).stderr || String(error);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
