import { type Problem, quote } from './problem.ts';
import { hintOf } from './schema-parts.ts';

const HOST = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** What is wrong with `*`, `*.suffix` or an exact host name without a port; case does not matter. */
export function hostPatternProblem(pattern: string): Problem | undefined {
  const host = pattern.toLowerCase();
  if (isHostPattern(host)) return undefined;
  const bare = host
    .replace(/^[a-z]+:\/\//, '')
    .replace(/[:/].*$/, '')
    .replace(/\.$/, '');
  return {
    message: `${quote(pattern)} is no host: it must be a name without a port, "*.suffix" or "*"`,
    ...hintOf(isHostPattern(bare) ? `write ${quote(bare)}` : undefined),
  };
}

const isHostPattern = (host: string) => host === '*' || HOST.test(host.replace(/^\*\./, ''));
