import { expect, test } from 'vitest';
import { HEAD, meshOf, violationsIn } from '../../test/support/mesh-text.ts';
import { BUILT_IN } from './settings.ts';

const settingsOf = (rest: string, service = 'orders') => meshOf(HEAD + rest).services.get(service)?.settings;

test('a service of which nothing is said is safe', () => {
  expect(settingsOf('services: { orders: { port: 80 } }')).toEqual(BUILT_IN);
  expect(BUILT_IN).toMatchObject({ mtls: 'strict', timeoutMs: 15_000, tls: { minVersion: '1.3' } });
});

test('a service goes over the defaults, the defaults over the built-in: mappings merge, lists replace', () => {
  const settings = settingsOf(`
defaults: { timeout: 0s, retries: { attempts: 1, on: [reset] }, circuitBreaker: { maxRetries: 9 } }
services:
  orders: { port: 80, connectTimeout: 250ms, retries: { on: connect-failure }, circuitBreaker: { maxRequests: 7 } }
`);
  expect(settings).toEqual({
    ...BUILT_IN,
    timeoutMs: 0,
    connectTimeoutMs: 250,
    retries: { attempts: 1, on: ['connect-failure'] },
    circuitBreaker: { ...BUILT_IN.circuitBreaker, maxRetries: 9, maxRequests: 7 },
  });
});

test.each(['off', 'false'])('outlier detection is switched off by %s, and on again by a mapping', (off) => {
  const rest = `
defaults: { outlierDetection: ${off} }
services: { orders: { port: 80 }, payments: { port: 80, outlierDetection: { interval: 3s } } }
`;
  expect(settingsOf(rest)?.outlierDetection).toBeUndefined();
  expect(settingsOf(rest, 'payments')?.outlierDetection).toEqual({
    ...BUILT_IN.outlierDetection,
    intervalMs: 3_000,
  });
});

test('cipher suites of the defaults mean nothing to a service that asks for TLS 1.3', () => {
  const rest = `
defaults: { tls: { minVersion: "1.2", ciphers: ECDHE-ECDSA-AES128-GCM-SHA256 } }
services: { orders: { port: 80 }, payments: { port: 80, tls: { minVersion: "1.3" } } }
`;
  expect(settingsOf(rest)?.tls.ciphers).toEqual(['ECDHE-ECDSA-AES128-GCM-SHA256']);
  expect(settingsOf(rest, 'payments')?.tls).toEqual({ minVersion: '1.3', ciphers: [] });
});

test('a gateway has its own TLS and connection bound', () => {
  const mesh = meshOf(`${HEAD}services: { a: { port: 80 } }
gateways:
  edge:
    listeners: [{ port: 443, tls: { cert: edge.pem, key: /keys/edge.key } }]
    routes: [{ to: a }]
    tls: { minVersion: "1.2", ciphers: ECDHE-RSA-AES128-GCM-SHA256 }
    maxConnectionDuration: 1h
`);
  const edge = mesh.gateways.get('edge');
  expect(edge?.settings).toMatchObject({ tls: { minVersion: '1.2' }, maxConnectionDurationMs: 3_600_000 });
  expect(edge?.listeners).toEqual([
    { port: 443, hosts: ['*'], tls: { certFile: 'edge.pem', keyFile: '/keys/edge.key' } },
  ]);
});

test.each([
  ['timeout: 15', '(write the unit: "15s" or "15ms")'],
  ['timeout: 15 s', 'found "15 s"'],
  ['timeout: 999999d', 'from 0s to 1d'],
  ['maxConnectionDuration: 999ms', 'from 1s to 1d'],
  ['connectTimeout: 0s', 'from 1ms to 1h'],
  ['retries: { attempts: -1 }', 'from 0 to 10, found -1'],
  ['retries: { on: conect-failure }', '(did you mean "connect-failure"?)'],
  ['tls: { minVersion: 1.3 }', '(write the quotes: minVersion: "1.3")'],
  ['tls: { minVersion: "1.1" }', 'found "1.1"'],
  ['tls: { ciphers: ECDHE-ECDSA-AES128-GCM-SHA256 }', '"ciphers" has no effect'],
  ['tls: { minVersion: "1.2", ciphers: AES128-SHA }', 'must be "ECDHE-ECDSA-AES128-GCM-SHA256"'],
  [
    'tls: { minVersion: "1.2", ciphers: ECDHE-RSA-AES128-GCM-SHA256 }',
    'no suite here fits the ECDSA certificates',
  ],
  ['circuitBreaker: { maxConnections: 0 }', 'from 1 to 1000000, found 0'],
  ['outlierDetection: true', 'must be "off" or a mapping, found true'],
  ['outlierDetection: { maxEjectionPercent: 101 }', 'from 1 to 100, found 101'],
])('%s is refused', (line, expected) => {
  expect(violationsIn(`${HEAD}defaults: { ${line} }\n`)).toEqual([expect.stringContaining(expected)]);
});
