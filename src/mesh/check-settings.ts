import type { Draft } from './draft.ts';
import { type Key, type Located, violationAt } from './located.ts';
import type { Settings } from './mesh.ts';
import type { Salvaged } from './salvage.ts';
import { BUILT_IN, overlay } from './settings.ts';
import type { SettingsEntry } from './settings-schema.ts';
import type { Violation } from './violation.ts';

const CIPHERS: readonly Key[] = ['tls', 'ciphers'];

/** Cipher suites that would have no effect, or with which no two proxies could ever shake hands. */
export function checkSettings(draft: Draft): readonly Violation[] {
  const { root, defaults = {} } = draft;
  const base = overlay(BUILT_IN, defaults);
  const services = [...draft.services.values()];
  const gateways = [...draft.gateways.values()];
  return [
    ...checkCiphersInEffect(root, ['defaults', ...CIPHERS], BUILT_IN, defaults),
    ...checkCiphersOfMesh(root, ['defaults', ...CIPHERS], defaults),
    ...services.flatMap(({ node, parts = {} }) => [
      ...checkCiphersInEffect(node, CIPHERS, base, parts),
      ...checkCiphersOfMesh(node, CIPHERS, parts),
    ]),
    // A gateway's own certificate may well hold an RSA key.
    ...gateways.flatMap(({ node, parts }) => checkCiphersInEffect(node, CIPHERS, base, { tls: parts?.tls })),
  ];
}

function checkCiphersInEffect(
  node: Located,
  keys: readonly Key[],
  base: Settings,
  written: Salvaged<SettingsEntry>,
): readonly Violation[] {
  if (!written.tls?.ciphers || overlay(base, written).tls.minVersion !== '1.3') return [];
  const message = '"ciphers" has no effect: they are of TLS 1.2, and the oldest version accepted is 1.3';
  return [violationAt(node, keys, { message, hint: 'remove it, or add minVersion: "1.2" to "tls"' })];
}

/** The mesh's own certificates have ECDSA keys. */
function checkCiphersOfMesh(
  node: Located,
  keys: readonly Key[],
  written: Salvaged<SettingsEntry>,
): readonly Violation[] {
  const ciphers = written.tls?.ciphers;
  if (!ciphers || ciphers.some((cipher) => cipher.includes('-ECDSA-'))) return [];
  const message = 'no suite here fits the ECDSA certificates of the mesh, so TLS 1.2 could never connect';
  return [violationAt(node, keys, { message, hint: 'add one that starts with "ECDHE-ECDSA-"' })];
}
