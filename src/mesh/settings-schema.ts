import { z } from 'zod';
import { anyOf, describeValue, encodeProblems, quote } from './problem.ts';
import { closed, duration, notYet, oneOf, oneOrMore, wholeNumber } from './schema-parts.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Envoy's `retry_on` values that need nothing else configured (x-envoy-retry-on and x-envoy-retry-grpc-on). */
const RETRY_CONDITIONS = [
  'connect-failure',
  'refused-stream',
  'unavailable',
  'reset',
  'reset-before-request',
  'gateway-error',
  '5xx',
  'retriable-4xx',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
] as const;

/** What BoringSSL offers of TLS 1.2 with forward secrecy and authenticated encryption. */
const CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-RSA-CHACHA20-POLY1305',
] as const;

const TLS_VERSIONS = ['1.2', '1.3'] as const;

const tlsVersion = z.enum(TLS_VERSIONS, {
  error: ({ input }) =>
    encodeProblems({
      message: `must be the text ${anyOf(TLS_VERSIONS.map(quote))}, found ${describeValue(input)}`,
      hint: 'write the quotes: minVersion: "1.3"',
    }),
});

const retries = closed({
  attempts: wholeNumber(0, 10)
    .describe('Extra tries after the first; 0 turns retries off. Built in: 2.')
    .optional(),
  on: oneOrMore(oneOf(RETRY_CONDITIONS))
    .describe("Envoy's retry conditions. Built in: connect-failure, refused-stream, unavailable.")
    .optional(),
});

const tls = closed({
  minVersion: tlsVersion.describe('The oldest TLS version accepted. Built in: "1.3".').optional(),
  ciphers: oneOrMore(oneOf(CIPHERS))
    .describe('Cipher suites of TLS 1.2; TLS 1.3 has no choice. Only with minVersion "1.2".')
    .optional(),
});

const circuitBreaker = closed({
  maxConnections: wholeNumber(1, 1_000_000)
    .describe('Connections to the service. Built in: 1024.')
    .optional(),
  maxPendingRequests: wholeNumber(1, 1_000_000)
    .describe('Requests waiting for a connection. Built in: 1024.')
    .optional(),
  maxRequests: wholeNumber(1, 1_000_000).describe('Requests at the same time. Built in: 1024.').optional(),
  maxRetries: wholeNumber(0, 1_000_000).describe('Retries at the same time. Built in: 3.').optional(),
});

const outlierDetection = z.union([
  z.literal([false, 'off'], {
    error: ({ input }) =>
      encodeProblems({ message: `must be "off" or a mapping, found ${describeValue(input)}` }),
  }),
  closed({
    consecutive5xx: wholeNumber(1, 1_000)
      .describe('Errors in a row that eject an instance. Built in: 5.')
      .optional(),
    interval: duration(1, HOUR_MS).describe('Between two looks at the instances. Built in: 10s.').optional(),
    baseEjectionTime: duration(1, DAY_MS)
      .describe('How long the first ejection lasts; each further one is longer. Built in: 30s.')
      .optional(),
    maxEjectionPercent: wholeNumber(1, 100)
      .describe('Of the instances, at the same time. Built in: 50.')
      .optional(),
  }),
]);

const settings = {
  mtls: oneOf(['strict'], {
    permissive: notYet('mtls: permissive'),
    disable: notYet('mtls: disable'),
    off: notYet('mtls: off'),
  })
    .describe('strict: only mutual TLS with a certificate of this mesh is accepted.')
    .optional(),
  timeout: duration(0, DAY_MS)
    .describe('For a whole response. 0s: none; maxConnectionDuration still bounds it. Built in: 15s.')
    .optional(),
  connectTimeout: duration(1, HOUR_MS).describe('For making a connection. Built in: 5s.').optional(),
  maxConnectionDuration: duration(1_000, DAY_MS)
    .describe(
      'How long a connection, and a stream on it, may live on the certificates and the decision it began with. Built in: 10m.',
    )
    .optional(),
  retries: retries.describe('Retries of idempotent requests.').optional(),
  tls: tls.describe('TLS versions and cipher suites.').optional(),
  circuitBreaker: circuitBreaker.describe('Limits of each caller towards the service.').optional(),
  outlierDetection: outlierDetection
    .describe('Takes failing instances out for a while; off switches it off.')
    .optional(),
};

/** Keys of `defaults`, all of which may stand on a service too. */
export const serviceSettings = settings;

/** What a gateway decides itself; the rest is up to the service that a route leads to. */
export const gatewaySettings = {
  maxConnectionDuration: settings.maxConnectionDuration,
  tls: settings.tls,
};

const { maxConnectionDuration: _, tls: __, ...ofServices } = settings;

/** Why each other setting is refused on a gateway. */
export const notOfGateways = Object.fromEntries(
  Object.keys(ofServices).map((key) => [
    key,
    {
      message: `"${key}" has no effect on a gateway: it belongs to the services that the routes lead to`,
      hint: 'write it on the service, or in "defaults"',
    },
  ]),
);

export const settingsSchema = closed(settings);
export type SettingsEntry = z.output<typeof settingsSchema>;
