import { isIP } from 'node:net';
import { z } from 'zod';
import { name } from './names-schema.ts';
import { encodeProblems, quote } from './problem.ts';
import { closed, list, oneOf, portNumber, someText, text, wholeNumber } from './schema-parts.ts';
import { serviceSettings } from './settings-schema.ts';

const protocol = oneOf(['http', 'http2', 'grpc', 'tcp']).describe(
  'What the app speaks on the port. Built in: http.',
);

const ipAddress = text(
  (value) => {
    if (isIP(value) === 0 || value.includes('%')) {
      const hint = 'an endpoint is listed by its address; host names are not resolved';
      return { message: `${quote(value)} is no IP address`, hint };
    }
    return /^[0.:]+$/.test(value) ? { message: `${quote(value)} is the address of no machine` } : undefined;
  },
  { examples: ['10.0.0.5'] },
);

const endpoint = closed({
  address: ipAddress.describe('The IP address of an instance.'),
  port: portNumber().describe('The inbound port of the sidecar there.'),
  weight: wholeNumber(1, 128).describe('Its share of the traffic. Built in: 1.').optional(),
  zone: someText().describe('Where it runs: the locality of the endpoint in Envoy.').optional(),
});

const port = closed({
  port: portNumber().describe('Where the app listens.'),
  protocol: protocol.optional(),
});

export const serviceSchema = closed({
  port: portNumber().describe('Where the app listens, if it has one port.').optional(),
  protocol: protocol.optional(),
  ports: z.record(name(), port).describe('Several ports, by name.').optional(),
  endpoints: list(endpoint).describe('Where instances are. Left out: whoever is present.').optional(),
  ...serviceSettings,
}).superRefine((service, context) => {
  const report = (key: string | undefined, message: string, hint: string) =>
    context.addIssue({
      code: 'custom',
      path: key === undefined ? [] : [key],
      message: encodeProblems({ message, hint }),
    });
  if (service.port === undefined && service.ports === undefined) {
    report(undefined, 'a service needs a port', 'add "port: 8080", or "ports" for several');
  } else if (service.port !== undefined && service.ports !== undefined) {
    report('port', 'a service has either "port" or "ports"', 'move it into "ports" under a name');
  } else if (service.ports !== undefined && service.protocol !== undefined) {
    report('protocol', 'with "ports", each port has its own protocol', 'move it into the entries of "ports"');
  } else if (service.ports !== undefined && Object.keys(service.ports).length === 0) {
    report('ports', 'is empty: a service needs a port', 'for example "ports: { api: { port: 8080 } }"');
  }
});

export type ServiceEntry = z.output<typeof serviceSchema>;
