import { resolve } from 'node:path';
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { pino } from 'pino';
import { systemClock } from '../../lib/clock.ts';
import { ControlPlaneError } from '../../lib/errors.ts';
import { documentPath, MESH_OPTION } from '../document-path.ts';
import { durationOption } from '../duration-option.ts';
import { type ServerOptions, type ServerStart, startServer } from '../server.ts';
import { parseSocketAddress } from '../socket-address.ts';
import { STATE_OPTION, stateFolder } from '../state-folder.ts';
import { EXIT, flag, textOption, UsageError, type Verb, type VerbInput } from '../verb.ts';
import { reportViolations } from '../violations-report.ts';

/** Below this, proxies would be busy with renewals and clocks would decide who is still believed. */
const LEAST_LEAF_TTL_MS = 1_000;
const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'];

function logLevel(input: VerbInput): string {
  const level = textOption(input, 'log-level') ?? 'info';
  if (!LEVELS.includes(level)) throw new UsageError(`--log-level "${level}" is none of ${LEVELS.join(', ')}`);
  return level;
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}

async function start(options: ServerOptions): Promise<ServerStart> {
  // it would say on standard error what it reports to us as well
  setLogVerbosity(logVerbosity.NONE);
  try {
    return await startServer(options);
  } catch (error) {
    if (!(error instanceof ControlPlaneError) || error.code !== 'ERR_LISTEN') throw error;
    const hint = 'end that process, or choose other addresses with --xds and --admin';
    throw new ControlPlaneError('ERR_LISTEN', `${error.message} (${hint})`, error);
  }
}

export const serve: Verb = {
  positionals: [],
  usage: 'serve [--mesh FILE] [--state DIR]',
  details: `Serves the document to Envoy sidecars over ADS and SDS, with TLS and join tokens, and keeps watching it: an
edit takes effect at once, a broken one is refused with every reason while the last good one stays in force. At the
first start it makes its authorities and keys in the state folder. Logs are JSON lines on standard output.

  portcullis serve --mesh mesh.yaml --xds 127.0.0.1:18000 --admin 127.0.0.1:18080`,
  options: {
    mesh: MESH_OPTION,
    state: STATE_OPTION,
    xds: { type: 'string', value: 'IP:PORT', help: 'where sidecars connect (default: 127.0.0.1:18000)' },
    admin: { type: 'string', value: 'IP:PORT', help: 'where the API listens (default: 127.0.0.1:18080)' },
    'leaf-ttl': { type: 'string', value: 'DURATION', help: 'life of service certificates (default: 24h)' },
    'authority-ttl': { type: 'string', value: 'DURATION', help: 'life of a new authority (default: 3650d)' },
    'allow-loopback-endpoints': { type: 'boolean', help: 'the whole mesh is on this machine' },
    'log-level': { type: 'string', value: 'LEVEL', help: `one of ${LEVELS.join(', ')} (default: info)` },
  },
  async run(input) {
    const logger = pino({ level: logLevel(input), base: null, timestamp: pino.stdTimeFunctions.isoTime });
    const stopped = stopSignal(); // from the first moment: who is told to stop while starting cleans up, too
    const started = await start({
      mesh: resolve(documentPath(input)),
      state: stateFolder(input),
      xds: parseSocketAddress(textOption(input, 'xds') ?? '127.0.0.1:18000', 'xds'),
      admin: parseSocketAddress(textOption(input, 'admin') ?? '127.0.0.1:18080', 'admin'),
      leafTtlMs: durationOption(input, 'leaf-ttl', '24h', LEAST_LEAF_TTL_MS),
      authorityTtlMs: durationOption(input, 'authority-ttl', '3650d'),
      allowLoopbackEndpoints: flag(input, 'allow-loopback-endpoints'),
      clock: systemClock,
      logger,
    });
    if (!started.ok) return reportViolations(input.terminal, started.violations, false);
    const { adminToken, ...shown } = started.server.record;
    logger.info(shown, 'serving');
    const signal = await stopped;
    logger.info({ signal }, 'stopping');
    await started.server.close();
    return EXIT.ok;
  },
};
