import { z } from 'zod';
import { parsePolicyId } from '../../proto/names.ts';

/** What the live view shows of a sidecar's access log line (`compile/access-log.ts` writes them). */
export interface AccessLogEntry {
  readonly side: 'inbound' | 'outbound' | 'gateway';
  readonly time: string;
  readonly caller: string;
  readonly callee: string;
  readonly method: string;
  readonly path: string;
  /** 0 where there was no answer. */
  readonly status: number;
  /** The name of the policy that decided; undefined for the default. */
  readonly policy: string | undefined;
  /** Answered by the sidecar itself, so that nobody else logs the call. */
  readonly isLocalReply: boolean;
}

const lineSchema = z.object({
  log: z.literal('portcullis'),
  side: z.enum(['inbound', 'outbound', 'gateway']),
  service: z.string(),
  time: z.string(),
  peer: z.string().optional(),
  method: z.string(),
  path: z.string().optional(),
  host: z.string().optional(),
  status: z.coerce.number(),
  details: z.string().optional(),
  policy: z.string().optional(),
});

type Line = z.infer<typeof lineSchema>;

const serviceOf = (spiffeId: string) => spiffeId.replace(/^spiffe:\/\/[^/]+\//, '');

function parties({ side, service, peer, host = '?' }: Line): { caller: string; callee: string } {
  if (side === 'inbound') return { caller: peer === undefined ? 'nobody' : serviceOf(peer), callee: service };
  if (side === 'outbound') return { caller: service, callee: host };
  return { caller: 'outside', callee: service };
}

function parseLine(line: string): Line | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const parsed = lineSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined; // some other line that starts with a brace
  }
}

/** undefined if the line is no access log of an HTTP request. */
export function accessLogEntry(text: string): AccessLogEntry | undefined {
  const line = parseLine(text);
  if (!line) return undefined;
  const { side, time, method, path = '?', status, details, policy } = line;
  return {
    side,
    time,
    ...parties(line),
    method,
    path,
    status,
    policy: policy === undefined ? undefined : parsePolicyId(policy)?.policy,
    isLocalReply: details !== 'via_upstream',
  };
}
