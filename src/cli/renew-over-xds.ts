import { Client, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { RENEW } from '../control/renewal-service.ts';
import type { Clock } from '../lib/clock.ts';
import { ControlPlaneError } from '../lib/errors.ts';
import type { XdsTarget } from './bootstrap-file.ts';
import { XDS_CHANNEL_OPTIONS, xdsCredentials } from './xds-channel.ts';

const TIMEOUT_MS = 10_000;

/**
 * The successor of a token, from the control plane that the sidecar is configured by.
 * @throws ControlPlaneError `ERR_TOKEN` if it refuses, `ERR_SERVER_UNREACHABLE` if it does not answer
 */
export function renewOverXds(target: XdsTarget, token: string, clock: Clock): Promise<string> {
  const client = new Client(target.address, xdsCredentials(target), XDS_CHANNEL_OPTIONS);
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  const deadline = clock.now() + TIMEOUT_MS;
  return new Promise<string>((resolve, reject) => {
    client.makeUnaryRequest(
      RENEW.path,
      RENEW.requestSerialize,
      RENEW.responseDeserialize,
      {},
      metadata,
      { deadline },
      (error, successor) => {
        if (successor === undefined) reject(refusalOf(target, error));
        else resolve(successor);
      },
    );
  }).finally(() => client.close());
}

function refusalOf({ address }: XdsTarget, error: ServiceError | null): ControlPlaneError {
  if (error?.code === status.UNAUTHENTICATED) {
    return new ControlPlaneError(
      'ERR_TOKEN',
      `the control plane at ${address} does not renew this token; "portcullis status" there says why`,
      error,
    );
  }
  const why = error?.details ?? 'it said nothing';
  return new ControlPlaneError('ERR_SERVER_UNREACHABLE', `no answer from ${address}: ${why}`, error);
}
