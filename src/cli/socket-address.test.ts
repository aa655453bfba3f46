import { describe, expect, it } from 'vitest';
import { formatSocketAddress, parseHostPort, parsePortMap, parseSocketAddress } from './socket-address.ts';
import { UsageError } from './verb.ts';

describe('a socket address', () => {
  it.each([
    ['127.0.0.1:18000', '127.0.0.1', 18000],
    ['[::1]:18000', '::1', 18000],
    [':18000', '127.0.0.1', 18000],
    ['0.0.0.0:0', '0.0.0.0', 0],
  ])('%s', (text, address, port) => {
    expect(parseSocketAddress(text, 'xds')).toEqual({ address, port });
  });

  it.each([
    '18000',
    'localhost:18000',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '127.0.0.1:-1',
    '127.0.0.1:1e3',
    '1.2.3:80',
  ])('is none: %s', (text) => {
    expect(() => parseSocketAddress(text, 'xds')).toThrow(UsageError);
    expect(() => parseSocketAddress(text, 'xds')).toThrow(`--xds "${text}" is no address`);
  });

  it('is written as it is read', () => {
    for (const text of ['127.0.0.1:18000', '[::1]:18000']) {
      expect(formatSocketAddress(parseSocketAddress(text, 'xds'))).toBe(text);
    }
  });
});

describe('a host and port', () => {
  it.each([
    ['control.internal:18000', 'control.internal'],
    ['10.0.0.1:18000', '10.0.0.1'],
    ['[::1]:18000', '::1'],
  ])('%s', (text, host) => {
    expect(parseHostPort(text, 'xds')).toEqual({ host, port: 18000 });
  });

  it.each([':18000', 'control', 'control:0', 'http://control:80', 'a b:80', 'a/b:80'])(
    'is none: %s',
    (text) => {
      expect(() => parseHostPort(text, 'xds')).toThrow(`--xds "${text}" is no address: write HOST:PORT`);
    },
  );
});

describe('a port map', () => {
  it('leads from declared ports to real ones', () => {
    expect(parsePortMap(['8080:41234', '9090:41235'])).toEqual(
      new Map([
        [8080, 41234],
        [9090, 41235],
      ]),
    );
  });

  it.each(['8080', '8080:', '0:8080', '8080:0', '1:2:3', '8080:65536'])('has no pair %s', (text) => {
    expect(() => parsePortMap([text])).toThrow(`--map-port "${text}" is no pair`);
  });
});
