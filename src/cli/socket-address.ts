import { isIP, isIPv6 } from 'node:net';
import type { SocketAddress } from '../compile/proxy.ts';
import { UsageError } from './verb.ts';

const PORT_MAX = 65_535;

function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return port <= PORT_MAX ? port : undefined;
}

/** `127.0.0.1:18000`, `[::1]:18000`, or `:18000` for loopback. Port 0 asks the system for a free one. */
export function parseSocketAddress(text: string, option: string): SocketAddress {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, Math.max(colon, 0)).replace(/^\[(.*)\]$/, '$1') || '127.0.0.1';
  const port = parsePort(text.slice(colon + 1));
  if (colon < 0 || port === undefined || isIP(host) === 0) {
    throw new UsageError(`--${option} "${text}" is no address: write IP:PORT, e.g. 127.0.0.1:18000`);
  }
  return { address: host, port };
}

/** `orders.internal:18000` or an IP: a host that is looked up by whoever connects. */
export function parseHostPort(text: string, option: string): { host: string; port: number } {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, Math.max(colon, 0)).replace(/^\[(.*)\]$/, '$1');
  const port = parsePort(text.slice(colon + 1));
  if (host === '' || port === undefined || port === 0 || /[^A-Za-z0-9.:-]/.test(host)) {
    throw new UsageError(`--${option} "${text}" is no address: write HOST:PORT`);
  }
  return { host, port };
}

/** `8080:41234` items: declared port, port really used on this machine. */
export function parsePortMap(items: readonly string[]): ReadonlyMap<number, number> {
  const pairs = items.map((item) => {
    const [declared, actual, ...rest] = item.split(':').map(parsePort);
    if (!declared || !actual || rest.length > 0) {
      throw new UsageError(`--map-port "${item}" is no pair: write DECLARED:ACTUAL, e.g. 8080:41234`);
    }
    return [declared, actual] as const;
  });
  return new Map(pairs);
}

export function formatSocketAddress({ address, port }: SocketAddress): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}
