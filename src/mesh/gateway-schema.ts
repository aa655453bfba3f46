import type { z } from 'zod';
import { hosts, paths } from './policy-schema.ts';
import { encodeProblems } from './problem.ts';
import { anyText, closed, list, portNumber, someText } from './schema-parts.ts';
import { gatewaySettings, notOfGateways } from './settings-schema.ts';

const pemFile = someText({ examples: ['edge.pem'] });

const listener = closed({
  port: portNumber().describe('Where the gateway listens.'),
  hosts: hosts.describe('Host names that it answers for. Left out: all.').optional(),
  tls: closed({
    cert: pemFile.describe("The certificate chain, a PEM file; relative to the document's file."),
    key: pemFile.describe("Its private key, a PEM file; relative to the document's file."),
  })
    .describe('Left out: plain HTTP.')
    .optional(),
});

const route = closed({
  hosts: hosts.describe('Host names that it is for. Left out: all.').optional(),
  paths: paths.describe('Path patterns as in policies. Left out: every path.').optional(),
  to: anyText().describe('The service that answers.'),
});

export const gatewaySchema = closed(
  {
    listeners: list(listener).describe('Where the gateway takes traffic from outside.'),
    routes: list(route).describe('Which service answers; the first match counts.'),
    ...gatewaySettings,
  },
  notOfGateways,
).superRefine((gateway, context) => {
  if (gateway.tls === undefined || gateway.listeners.some((each) => each.tls !== undefined)) return;
  const message = '"tls" has no effect here: no listener of this gateway has a certificate';
  context.addIssue({ code: 'custom', path: ['tls'], message: encodeProblems({ message }) });
});

export type GatewayEntry = z.output<typeof gatewaySchema>;
export type RouteEntry = z.output<typeof route>;
