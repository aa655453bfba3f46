import type { ErrorBody } from './schemas.ts';

/** What is sent back, as JSON. */
export interface Answer {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export const done = (body: object, status = 200): Answer => ({ status, body });

/** @param hint what to do about it */
export function refusal(
  status: number,
  error: string,
  hint?: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const body: ErrorBody = { error, ...(hint !== undefined && { hint }) };
  return { status, body, headers };
}
