export interface StartOptions {
  /** The Envoy binary. */
  readonly envoy: string;
  readonly bootstrapFile: string;
  /** Worker threads. */
  readonly concurrency: number;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warning' | 'error' | 'critical' | 'off';
}

/**
 * The command that starts a proxy, program first. How fast a denied TCP caller's open connections end is said here:
 * Envoy takes the drain time and strategy from its command line only, and its own are ten minutes and gradual. So is how
 * long it keeps access logs back: ten seconds is too long for somebody who watches.
 */
export function startCommand(options: StartOptions): readonly [program: string, ...args: string[]] {
  const { envoy, bootstrapFile, concurrency, logLevel } = options;
  return [
    envoy,
    ...['--config-path', bootstrapFile],
    ...['--drain-time-s', '5'],
    ...['--drain-strategy', 'immediate'],
    ...['--file-flush-interval-msec', '200'],
    ...['--concurrency', String(concurrency)],
    ...['--log-level', logLevel],
    '--disable-hot-restart',
  ];
}
