import { status } from '@grpc/grpc-js';

/** How a stream ends that the server ends: a gRPC status that tells the peer what it may know. */
export interface Refusal {
  readonly code: status;
  readonly details: string;
}

export const invalid = (details: string): Refusal => ({ code: status.INVALID_ARGUMENT, details });
export const exhausted = (details: string): Refusal => ({ code: status.RESOURCE_EXHAUSTED, details });
