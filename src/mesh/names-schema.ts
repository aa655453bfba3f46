import { CONTROL_PLANE, isTrustDomain } from '../lib/spiffe-id.ts';
import { type Problem, quote } from './problem.ts';
import { hintOf, type Meta, text } from './schema-parts.ts';

/** Words that mean something of their own in `from`, `because` or a log. */
const RESERVED = ['authenticated', 'anonymous', 'default'];

const NAME = /^[a-z][a-z0-9-]{0,39}$/;
const POLICY_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Of a mesh, service, gateway, group or port: it stands in SPIFFE IDs, server names and Envoy's resource names. */
export const name = (meta: Meta = {}) =>
  text((value) => nameProblem(value, NAME, `${NAME_IS} and has at most 40 characters`), {
    pattern: NAME.source,
    ...meta,
  });

/** Of a service or gateway, whose certificates carry it. */
export const workloadName = () =>
  text(
    (value) => {
      if (value !== CONTROL_PLANE)
        return nameProblem(value, NAME, `${NAME_IS} and has at most 40 characters`);
      return { message: `${quote(value)} is the control plane's own identity`, hint: 'choose another name' };
    },
    { pattern: NAME.source },
  );

const NAME_IS =
  'a name is part of SPIFFE IDs and of Envoy resource names, so it starts with a letter, holds a-z, 0-9 and "-" only';

/** Of a policy: Envoy reports it in logs and metrics. */
export const policyName = (meta: Meta = {}) =>
  text((value) => nameProblem(value, POLICY_NAME, `${POLICY_NAME_IS} and has at most 63 characters`), {
    pattern: POLICY_NAME.source,
    ...meta,
  });

const POLICY_NAME_IS =
  'a policy\'s name is part of Envoy\'s policy ids, so it starts with a letter or digit, holds a-z, 0-9 and "-" only';

function nameProblem(value: string, allowed: RegExp, rule: string): Problem | undefined {
  if (RESERVED.includes(value)) return { message: `${quote(value)} is a reserved word` };
  if (allowed.test(value)) return undefined;
  const near = value
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return {
    message: `${quote(value)} cannot be a name: ${rule}`,
    ...hintOf(allowed.test(near) ? `for example "${near}"` : undefined),
  };
}

/** SPIFFE-ID specification, section 2.1. */
export const trustDomain = (meta: Meta) =>
  text(
    (value) => {
      if (isTrustDomain(value)) return undefined;
      const near = value
        .toLowerCase()
        .replace(/^[a-z]+:\/\//, '')
        .replace(/[/:].*$/, '');
      return {
        message: `${quote(value)} is no SPIFFE trust domain: it holds a-z, 0-9, ".", "-" and "_" only, at most 255 characters`,
        ...hintOf(isTrustDomain(near) ? `for example "${near}"` : undefined),
      };
    },
    { pattern: '^[a-z0-9._-]{1,255}$', examples: ['shop.example'], ...meta },
  );
