import { type Metadata, status } from '@grpc/grpc-js';
import { messageOf } from '../lib/errors.ts';
import { encode } from '../proto/descriptors.ts';
import type { Node__Output } from '../proto/gen/types/envoy/config/core/v3/Node.ts';
import type { Authenticator, XdsEvents } from './events.ts';
import type { Limits } from './limits.ts';
import { exhausted, invalid, type Refusal } from './refusal.ts';
import type { RefusalReporter } from './refusal-reporter.ts';

/** Who is at the other end of a stream, as far as it is known from its first request. */
export interface Admission {
  readonly nodeId: string;
  readonly node: Node__Output;
  readonly subject: unknown;
}

export interface AdmissionOptions {
  readonly authenticate: Authenticator | undefined;
  readonly events: XdsEvents;
  readonly reportRefusal: RefusalReporter;
  readonly limits: Limits;
}

const REFUSED: Refusal = { code: status.UNAUTHENTICATED, details: 'not authenticated' };

/** Whether the peer that sent a first request with this node gets a stream. Nothing is kept of one that does not. */
export async function admit(
  { authenticate, events, reportRefusal, limits }: AdmissionOptions,
  peer: { readonly metadata: Metadata; readonly peerAddress: string },
  firstNode: Node__Output | undefined,
): Promise<Admission | Refusal> {
  const node: Node__Output = { ...firstNode, extensions: [] };
  const nodeId = node.id ?? '';
  const unfit = unfitNode(node, nodeId, limits);
  const refuse = (why: string) => {
    const { peerAddress } = peer;
    const shown = nodeId.slice(0, limits.maxNodeIdLength);
    reportRefusal({ node: shown, peer: peerAddress, why });
    events.refused?.({ nodeId: shown, peerAddress, why });
  };
  if (unfit) {
    refuse(unfit.details);
    return unfit;
  }
  const answer = await ask(authenticate, { ...peer, nodeId, node });
  if (answer.ok) return { nodeId, node, subject: answer.subject };
  refuse(answer.why);
  return REFUSED;
}

function unfitNode(node: Node__Output, nodeId: string, limits: Limits): Refusal | undefined {
  if (nodeId === '') return invalid('the first request must carry node.id');
  if (nodeId.length > limits.maxNodeIdLength)
    return exhausted(`node.id is longer than ${limits.maxNodeIdLength}`);
  const bytes = encode('envoy.config.core.v3.Node', node).length;
  return bytes > limits.maxNodeBytes
    ? exhausted(`node is larger than ${limits.maxNodeBytes} bytes`)
    : undefined;
}

/** An authenticator that fails has not said yes. */
async function ask(authenticate: Authenticator | undefined, attempt: Parameters<Authenticator>[0]) {
  if (!authenticate) return { ok: true, subject: undefined } as const;
  try {
    return await authenticate(attempt);
  } catch (error) {
    return { ok: false, why: `the authenticator failed: ${messageOf(error)}` } as const;
  }
}
