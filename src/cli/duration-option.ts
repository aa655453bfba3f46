import { parseDurationMs } from '../lib/duration.ts';
import { textOption, UsageError, type VerbInput } from './verb.ts';

/** A duration option in milliseconds; never 0. */
export function durationOption(input: VerbInput, name: string, fallback: string): number {
  const text = textOption(input, name) ?? fallback;
  const durationMs = parseDurationMs(text);
  if (!durationMs) throw new UsageError(`--${name} "${text}" is no duration: write e.g. 24h, 30m or 90s`);
  return durationMs;
}
