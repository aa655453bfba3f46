const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Parses `250ms`, `15s`, `10m`, `24h`, `7d` into milliseconds; undefined if it is anything else. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  if (!match) return undefined;
  return Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
}

/** Writes milliseconds with the largest unit that divides them: 90000 is `90s`, 60000 is `1m`. */
export function formatDuration(durationMs: number): string {
  const units = Object.entries(UNIT_MS).reverse();
  const [unit, unitMs] = units.find(([, ms]) => durationMs !== 0 && durationMs % ms === 0) ?? [
    's',
    UNIT_MS.s,
  ];
  return `${durationMs / unitMs}${unit}`;
}

/** For people who look at it once: `5s`, `90s`, `12m`, `23h`, `9d`; the largest unit of which there are two, cut. */
export function roughDuration(durationMs: number): string {
  const units = Object.entries(UNIT_MS).reverse();
  const [unit, unitMs] = units.find(([name, ms]) => name !== 'ms' && durationMs >= 2 * ms) ?? [
    's',
    UNIT_MS.s,
  ];
  return `${Math.max(0, Math.trunc(durationMs / unitMs))}${unit}`;
}
