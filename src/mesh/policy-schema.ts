import { isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { headerMatches, methodProblem } from './header-schema.ts';
import { hostPatternProblem } from './host-pattern.ts';
import type { Effect } from './mesh.ts';
import { policyName } from './names-schema.ts';
import { pathPatternProblem } from './path-pattern.ts';
import { allOf, encodeProblems, type Problem, quote } from './problem.ts';
import { anyText, closed, notYet, oneOrMore, portNumber, someText, text } from './schema-parts.ts';

export const EFFECTS = ['allow', 'deny', 'audit'] as const satisfies readonly Effect[];

export const paths = oneOrMore(
  text(pathPatternProblem, { examples: ['/orders/*/shipping', '/products/**'] }),
);

export const hosts = oneOrMore(
  text(hostPatternProblem, { examples: ['orders', '*.shop.example'] }),
).transform((patterns) => patterns.map((pattern) => pattern.toLowerCase()));

function cidrProblem(cidr: string): Problem | undefined {
  const [address = '', length, ...rest] = cidr.split('/');
  const longest = isIPv4(address) ? 32 : isIPv6(address) && !address.includes('%') ? 128 : undefined;
  if (longest === undefined)
    return { message: `${quote(cidr)} is no range of IP addresses`, hint: 'for example "10.0.0.0/8"' };
  if (length !== undefined && rest.length === 0 && /^\d{1,3}$/.test(length) && Number(length) <= longest)
    return undefined;
  return {
    message: `${quote(cidr)} has no valid prefix length`,
    hint: `write "${address}/" and a number from 0 to ${longest}; one address is "${address}/${longest}"`,
  };
}

const principal = z.union([
  someText({ examples: ['authenticated'] }),
  closed({
    cidr: text(cidrProblem, { examples: ['10.0.0.0/8'] }).describe(
      'Addresses that the connection may come from.',
    ),
  }),
]);
export type PrincipalEntry = z.output<typeof principal>;

const USERS = { users: notYet('"users"') };

const conditions = {
  ports: oneOrMore(z.union([anyText(), portNumber()]))
    .describe('Ports of the service, by name or number. Left out: every port.')
    .optional(),
  methods: oneOrMore(text(methodProblem, { examples: ['GET'] }))
    .describe('Exact methods: GET is not HEAD. Left out: every method.')
    .optional(),
  hosts: hosts.describe('Host names that the request is made to: exact, "*.suffix" or "*".').optional(),
  paths: paths
    .describe(
      'Path patterns, without the query: "*" is one segment, a last "**" any number. Left out: every path.',
    )
    .optional(),
  headers: headerMatches
    .describe('By name: text is exact; or one of { prefix, suffix, regex, present }.')
    .optional(),
};

const from = oneOrMore(principal).describe(
  'Callers: services, gateways, groups, SPIFFE IDs with "*", { cidr: … }, or authenticated for any identity of the mesh.',
);

const exceptions = closed({ from: from.optional(), ...conditions }, USERS);

const rule = closed(
  {
    from,
    to: oneOrMore(anyText()).describe('Services, or groups of services, that are called.'),
    ...conditions,
    not: exceptions.describe('Exceptions: the policy does not match where one of these does.').optional(),
  },
  USERS,
);
export type RuleEntry = z.output<typeof rule>;
export type ConditionsEntry = z.output<typeof exceptions>;

export const policySchema = closed({
  name: policyName({ description: 'Unique; shown in logs, in verdicts and in tests.' }),
  allow: rule.describe('Allows what matches, unless a deny matches too.').optional(),
  deny: rule.describe('Denies what matches, whatever is allowed.').optional(),
  audit: rule.describe('Changes nothing; records what it would have matched.').optional(),
})
  .superRefine((policy, context) => {
    const given = EFFECTS.filter((effect) => policy[effect] !== undefined);
    if (given.length === 1) return;
    const found = given.length === 0 ? 'none' : allOf(given.map(quote));
    const message = `a policy has exactly one of "allow", "deny" and "audit", this one has ${found}`;
    context.addIssue({ code: 'custom', message: encodeProblems({ message }), path: given.slice(1, 2) });
  })
  .meta({ oneOf: EFFECTS.map((effect) => ({ required: [effect] })) });

export type PolicyEntry = z.output<typeof policySchema>;

/** The one effect of a policy and its rule; undefined for a policy that is broken. */
export function ruleOf(policy: PolicyEntry | undefined): { effect: Effect; rule: RuleEntry } | undefined {
  const effect = EFFECTS.find((each) => policy?.[each] !== undefined);
  const rule = effect && policy?.[effect];
  return rule && { effect, rule };
}
