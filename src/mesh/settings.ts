import type { Settings } from './mesh.ts';
import type { Salvaged } from './salvage.ts';
import type { SettingsEntry } from './settings-schema.ts';

/** Safe without a word in the document. */
export const BUILT_IN: Settings = {
  mtls: 'strict',
  timeoutMs: 15_000,
  connectTimeoutMs: 5_000,
  maxConnectionDurationMs: 600_000,
  retries: { attempts: 2, on: ['connect-failure', 'refused-stream', 'unavailable'] },
  tls: { minVersion: '1.3', ciphers: [] },
  circuitBreaker: { maxConnections: 1024, maxPendingRequests: 1024, maxRequests: 1024, maxRetries: 3 },
  outlierDetection: {
    consecutive5xx: 5,
    intervalMs: 10_000,
    baseEjectionTimeMs: 30_000,
    maxEjectionPercent: 50,
  },
};

/** Settings with what is written over them: mappings merge, lists and scalars replace. */
export function overlay(base: Settings, written: Salvaged<SettingsEntry> = {}): Settings {
  const tls = { ...base.tls, ...defined(written.tls) };
  return {
    mtls: written.mtls ?? base.mtls,
    timeoutMs: written.timeout ?? base.timeoutMs,
    connectTimeoutMs: written.connectTimeout ?? base.connectTimeoutMs,
    maxConnectionDurationMs: written.maxConnectionDuration ?? base.maxConnectionDurationMs,
    retries: { ...base.retries, ...defined(written.retries) },
    // Inherited suites of TLS 1.2 mean nothing to who asks for 1.3.
    tls: tls.minVersion === '1.3' ? { ...tls, ciphers: [] } : tls,
    circuitBreaker: { ...base.circuitBreaker, ...defined(written.circuitBreaker) },
    outlierDetection: overlayOutlierDetection(base.outlierDetection, written.outlierDetection),
  };
}

function overlayOutlierDetection(
  base: Settings['outlierDetection'],
  written: Salvaged<SettingsEntry>['outlierDetection'],
): Settings['outlierDetection'] {
  if (written === undefined) return base;
  if (written === false || written === 'off') return undefined;
  const on = base ?? (BUILT_IN.outlierDetection as NonNullable<typeof base>);
  return {
    consecutive5xx: written.consecutive5xx ?? on.consecutive5xx,
    intervalMs: written.interval ?? on.intervalMs,
    baseEjectionTimeMs: written.baseEjectionTime ?? on.baseEjectionTimeMs,
    maxEjectionPercent: written.maxEjectionPercent ?? on.maxEjectionPercent,
  };
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Without keys that are undefined, which would overwrite when spread. */
function defined<T extends object>(written: T | undefined): Defined<T> {
  return Object.fromEntries(
    Object.entries(written ?? {}).filter(([, value]) => value !== undefined),
  ) as Defined<T>;
}
