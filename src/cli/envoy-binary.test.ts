import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findEnvoy } from './envoy-binary.ts';

const folder = mkdtempSync(join(tmpdir(), 'envoy-binary-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A program that answers `--version` with this text; not executable if `mode` says so. */
function program(name: string, answer: string, mode = 0o755): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\necho\necho '${answer}'\n`);
  chmodSync(path, mode);
  return path;
}

const answerOf = (version: string) => `envoy  version: 0123abc/${version}/Clean/RELEASE/BoringSSL`;

describe('findEnvoy', () => {
  it('takes ENVOY_BIN before anything else', async () => {
    const ordered = program('my-envoy', answerOf('1.40.3'));
    program('envoy', answerOf('1.40.1'));
    expect(await findEnvoy({ ENVOY_BIN: ordered, PATH: folder })).toEqual({
      path: ordered,
      version: '1.40.3',
    });
  });

  it('takes an envoy on PATH of the pinned series', async () => {
    const path = program('envoy', answerOf('1.40.1'));
    expect(await findEnvoy({ PATH: `/nonexistent:${folder}` })).toEqual({ path, version: '1.40.1' });
  });

  it.each([
    ['there is no such file', () => join(folder, 'nowhere')],
    ['it is not executable', () => program('data', answerOf('1.40.0'), 0o644)],
    ['it is Envoy 1.38.2, not 1.40', () => program('old', answerOf('1.38.2'))],
    ['it is Envoy 1.400.0, not 1.40', () => program('far', answerOf('1.400.0'))],
    ['it does not answer "--version" as Envoy does', () => program('other', 'nginx version: nginx/1.40.0')],
    ['"--version" failed', () => '/bin/false'],
  ])('refuses an ENVOY_BIN because %s', async (problem, make) => {
    const path = make();
    await expect(findEnvoy({ ENVOY_BIN: path, PATH: '' })).rejects.toMatchObject({
      code: 'ERR_ENVOY',
      message: expect.stringMatching(
        new RegExp(`^ENVOY_BIN is "${path}", but ${problem}.*; point it at`, 's'),
      ),
    });
  });

  it('passes over an envoy on PATH of another version, and says so', async () => {
    program('envoy', answerOf('1.38.2'));
    const pinned = program('pinned', answerOf('1.40.0'));
    expect(await findEnvoy({ PATH: folder }, pinned)).toEqual({
      path: pinned,
      version: '1.40.0',
      passedOver: `"${folder}/envoy" on PATH is not used: it is Envoy 1.38.2, not 1.40`,
    });
  });

  it('says everywhere that it looked, and what to do, when there is none', async () => {
    await expect(findEnvoy({ PATH: '' }, join(folder, 'nowhere'))).rejects.toMatchObject({
      code: 'ERR_ENVOY',
      message: expect.stringMatching(
        /^no Envoy 1\.40 found: ENVOY_BIN.*PATH.*not downloaded yet; set ENVOY_BIN, or run/,
      ),
    });
  });

  it('runs nothing out of a folder that PATH names from where we happen to be', async () => {
    program('envoy', answerOf('1.40.1'));
    const path = `${relative(process.cwd(), folder)}::.`;
    await expect(findEnvoy({ PATH: path }, join(folder, 'nowhere'))).rejects.toThrow('no "envoy" on PATH');
  });
});
