import { stringify } from 'yaml';
import type { Principal } from '../mesh/mesh.ts';

/** Lists of one as the scalar that they may be written as, never folded, two blanks deeper than `policies:`. */
export function policyYaml(name: string, allow: Readonly<Record<string, string>>): string {
  return indented(stringify([{ name, allow }], { lineWidth: 0 }), '  ');
}

/** Lines to put under a policy's effect. */
export function notYaml(
  key: 'from' | 'paths',
  items: readonly (string | { readonly cidr: string })[],
): string {
  return stringify({ not: { [key]: items.length === 1 ? items[0] : items } }, { lineWidth: 0 });
}

/** A principal as the document has it. */
export function writtenPrincipal(principal: Principal): string | { readonly cidr: string } {
  switch (principal.kind) {
    case 'service':
    case 'group':
      return principal.name;
    case 'spiffe':
      return principal.pattern;
    case 'cidr':
      return { cidr: principal.cidr };
    case 'authenticated':
      return 'authenticated';
  }
}

/** Every line as a comment; control characters, which could end one, are shown escaped. */
export function comment(text: string): string {
  const shown = text.replace(/[^\n -~]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
  return indented(shown, '# ');
}

function indented(text: string, by: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `${by}${line}\n`)
    .join('');
}
