/** Host patterns as gateways have them: `*`, `*.suffix` or exact. They form a tree: two are nested or disjoint. */

/** Whether every host that `inner` matches, `outer` matches too. */
export function covers(outer: string, inner: string): boolean {
  if (outer === '*' || outer === inner) return true;
  return outer.startsWith('*.') && inner.endsWith(outer.slice(1));
}

/** The hosts that both match, as a pattern; undefined if there are none. */
export function intersection(a: string, b: string): string | undefined {
  if (covers(a, b)) return b;
  return covers(b, a) ? a : undefined;
}
