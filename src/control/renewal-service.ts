/**
 * Renewal over the xDS port, the one place that every sidecar's machine can reach, knows how to be sure of, and has a
 * credential for. A gRPC service of one method: `Renew(google.protobuf.Empty) returns (google.protobuf.StringValue)`,
 * the token as bearer, its successor as the answer.
 */
import { type handleUnaryCall, type ServiceDefinition, status } from '@grpc/grpc-js';
import { messageOf } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import { decode, encode } from '../proto/descriptors.ts';
import { peerAddressOf } from '../xds/peer-address.ts';
import type { GrpcService } from '../xds/server.ts';
import { bearerToken } from './bearer-token.ts';
import type { Renewal } from './token-renewal.ts';

const nothing = {
  serialize: () => encode('google.protobuf.Empty', {}),
  deserialize: () => ({}),
};

const text = {
  serialize: (value: string) => encode('google.protobuf.StringValue', { value }),
  deserialize: (bytes: Buffer) =>
    decode<{ readonly value: string }>('google.protobuf.StringValue', bytes).value,
};

export const RENEW = {
  path: '/portcullis.v1.JoinTokens/Renew',
  requestStream: false,
  responseStream: false,
  requestSerialize: nothing.serialize,
  requestDeserialize: nothing.deserialize,
  responseSerialize: text.serialize,
  responseDeserialize: text.deserialize,
} as const;

const DEFINITION: ServiceDefinition = { renew: RENEW };

export interface RenewalServiceOptions {
  readonly renew: (token: string | undefined, peerAddress: string) => Promise<Renewal>;
  /** Told why; the peer is not. */
  readonly refused: (refusal: {
    readonly nodeId: string;
    readonly peerAddress: string;
    readonly why: string;
  }) => void;
  readonly logger: Logger;
}

export function createRenewalService({ renew, refused, logger }: RenewalServiceOptions): GrpcService {
  const handle: handleUnaryCall<object, string> = (call, answer) => {
    const peerAddress = peerAddressOf(call);
    renew(bearerToken(call.metadata), peerAddress).then(
      (renewal) => {
        if (renewal.ok) return answer(null, renewal.token);
        refused({ nodeId: 'token renewal', peerAddress, why: renewal.why });
        answer({ code: status.UNAUTHENTICATED, details: 'not renewed' });
      },
      (error) => {
        logger.error({ peer: peerAddress, reason: messageOf(error) }, 'a token could not be renewed');
        answer({ code: status.INTERNAL, details: 'internal error' });
      },
    );
  };
  return { definition: DEFINITION, implementation: { renew: handle } };
}
