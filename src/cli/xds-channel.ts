import { type ChannelCredentials, credentials } from '@grpc/grpc-js';

/** What a gRPC client of the xDS port must be given besides the address: how to be sure that it is the control plane. */
export interface XdsTrust {
  /** PEM of the authority that the port's certificate comes from. */
  readonly caPem: string;
  /** The URI SAN that the certificate must carry. */
  readonly serverSpiffeId: string;
}

/** An address is no server name in TLS; what the certificate must say is checked otherwise. */
export const XDS_CHANNEL_OPTIONS = { 'grpc.ssl_target_name_override': 'localhost' } as const;

export function xdsCredentials({ caPem, serverSpiffeId }: XdsTrust): ChannelCredentials {
  return credentials.createSsl(Buffer.from(caPem), null, null, {
    checkServerIdentity: (_host, { subjectaltname }) =>
      subjectaltname?.split(', ').includes(`URI:${serverSpiffeId}`) ? undefined : new Error('another server'),
  });
}
