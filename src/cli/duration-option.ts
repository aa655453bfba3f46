import { formatDuration, parseDurationMs } from '../lib/duration.ts';
import { textOption, UsageError, type VerbInput } from './verb.ts';

/** A duration option in milliseconds, at least `leastMs`. */
export function durationOption(input: VerbInput, name: string, fallback: string, leastMs = 1): number {
  const text = textOption(input, name) ?? fallback;
  const durationMs = parseDurationMs(text);
  if (!durationMs) throw new UsageError(`--${name} "${text}" is no duration: write e.g. 24h, 30m or 90s`);
  if (durationMs < leastMs)
    throw new UsageError(`--${name} "${text}" is too short: at least ${formatDuration(leastMs)}`);
  return durationMs;
}
