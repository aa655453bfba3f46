/** The document, version 1: the one statement of what people may write. `json-schema.ts` derives the editors' form. */
import { z } from 'zod';
import { gatewaySchema } from './gateway-schema.ts';
import { name, trustDomain, workloadName } from './names-schema.ts';
import { policySchema } from './policy-schema.ts';
import { describeValue, encodeProblems } from './problem.ts';
import { anyText, closed, list, notYet, oneOrMore } from './schema-parts.ts';
import { serviceSchema } from './service-schema.ts';
import { settingsSchema } from './settings-schema.ts';
import { testSchema } from './test-schema.ts';

const version = z.literal(1, {
  error: ({ input }) =>
    encodeProblems({ message: `must be 1, found ${describeValue(input)}`, hint: 'write "version: 1"' }),
});

export const groupSchema = oneOrMore(anyText());

export const documentSchema = closed(
  {
    version: version.describe('Of the form of this document.'),
    mesh: name({ description: 'The name of the mesh.' }),
    trustDomain: trustDomain({
      description:
        'The SPIFFE trust domain: identities are spiffe://<trustDomain>/<service>. Cannot change later.',
    }),
    defaults: settingsSchema
      .describe('Settings of every service and gateway that says nothing else.')
      .optional(),
    services: z
      .record(workloadName(), serviceSchema)
      .describe('By name: the host name by which callers know it.')
      .optional(),
    groups: z.record(name(), groupSchema).describe('Names for several services and gateways.').optional(),
    gateways: z
      .record(workloadName(), gatewaySchema)
      .describe('By name: where traffic enters the mesh.')
      .optional(),
    policies: list(policySchema)
      .describe('Who may do what. A matching deny wins, then a matching allow; all else is denied.')
      .optional(),
    tests: list(testSchema).describe('Verdicts that must hold; run by "portcullis test".').optional(),
  },
  {
    external: notYet('"external"'),
    providers: notYet('"providers"'),
    routes: notYet('"routes" between services'),
  },
);

export type DocumentEntry = z.output<typeof documentSchema>;
