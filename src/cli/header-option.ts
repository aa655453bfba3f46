import { UsageError } from './verb.ts';

const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/;

/** `name: value` lines as pairs, in their order, names in lower case. */
export function parseHeaders(lines: readonly string[]): readonly (readonly [name: string, value: string])[] {
  return lines.map((line) => {
    const match = HEADER.exec(line);
    if (!match) throw new UsageError(`--header "${line}" is none: write 'name: value'`);
    return [(match[1] as string).toLowerCase(), match[2] as string];
  });
}

/** Repeated headers become one, with their values joined by commas, as Envoy joins them. */
export function joinedHeaders(lines: readonly string[]): Readonly<Record<string, string>> {
  const joined = new Map<string, string>();
  for (const [name, value] of parseHeaders(lines)) {
    const before = joined.get(name);
    joined.set(name, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(joined);
}
