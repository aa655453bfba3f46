/**
 * What somebody can do who has a service's join token: ask the xDS port for that service's certificate, as its
 * sidecar does. The demo and the end-to-end tests attack inbound listeners with it.
 */
import { type ClientDuplexStream, Metadata, makeGenericClientConstructor } from '@grpc/grpc-js';
import { systemClock } from '../../lib/clock.ts';
import { ControlPlaneError } from '../../lib/errors.ts';
import { serviceDefinition } from '../../proto/descriptors.ts';
import type { DeltaDiscoveryRequest } from '../../proto/gen/types/envoy/service/discovery/v3/DeltaDiscoveryRequest.ts';
import type { DeltaDiscoveryResponse__Output } from '../../proto/gen/types/envoy/service/discovery/v3/DeltaDiscoveryResponse.ts';
import { SVID_SECRET, TRUST_BUNDLE_SECRET } from '../../proto/names.ts';
import { SECRET } from '../../proto/resource-types.ts';
import { XDS_CHANNEL_OPTIONS, xdsCredentials } from '../xds-channel.ts';

export interface StolenSvid {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly trustBundlePem: string;
}

export interface SvidRequest {
  /** `127.0.0.1:PORT` of the xDS port. */
  readonly xds: string;
  readonly xdsCaPem: string;
  /** The URI SAN that the server's certificate must carry. */
  readonly serverSpiffeId: string;
  readonly token: string;
  /** The node as its bootstrap describes it. */
  readonly node: object;
  readonly deadlineMs: number;
}

type Stream = ClientDuplexStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse__Output>;

interface SecretValue {
  readonly tls_certificate?: {
    readonly certificate_chain: { readonly inline_bytes?: Buffer; readonly inline_string?: string };
    readonly private_key: { readonly inline_bytes?: Buffer; readonly inline_string?: string };
  };
  readonly validation_context?: {
    readonly trusted_ca: { readonly inline_bytes?: Buffer; readonly inline_string?: string };
  };
}

const textOf = (source: { inline_bytes?: Buffer; inline_string?: string } | undefined) =>
  source?.inline_string ?? source?.inline_bytes?.toString() ?? '';

function svidOf(secrets: ReadonlyMap<string, SecretValue>): StolenSvid | undefined {
  const certificate = secrets.get(SVID_SECRET)?.tls_certificate;
  const bundle = secrets.get(TRUST_BUNDLE_SECRET)?.validation_context;
  if (!certificate || !bundle) return undefined;
  return {
    certificatePem: textOf(certificate.certificate_chain),
    privateKeyPem: textOf(certificate.private_key),
    trustBundlePem: textOf(bundle.trusted_ca),
  };
}

/** @throws ControlPlaneError `ERR_TOKEN` if the server refuses or says nothing in time */
export function fetchSvid(request: SvidRequest): Promise<StolenSvid> {
  const definition = serviceDefinition('envoy.service.discovery.v3.AggregatedDiscoveryService');
  const Client = makeGenericClientConstructor(definition, 'AggregatedDiscoveryService');
  const { xdsCaPem: caPem, serverSpiffeId } = request;
  const client = new Client(request.xds, xdsCredentials({ caPem, serverSpiffeId }), XDS_CHANNEL_OPTIONS);
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${request.token}`);
  const secrets = new Map<string, SecretValue>();
  return new Promise<StolenSvid>((resolve, reject) => {
    const open = client.DeltaAggregatedResources as unknown as (
      this: typeof client,
      metadata: Metadata,
      options: object,
    ) => Stream;
    const stream = open.call(client, metadata, { deadline: systemClock.now() + request.deadlineMs });
    stream.on('error', (error) => reject(new ControlPlaneError('ERR_TOKEN', error.message, error)));
    stream.on('data', (response: DeltaDiscoveryResponse__Output) => {
      for (const { name, resource } of response.resources ?? []) {
        secrets.set(name ?? '', resource as unknown as SecretValue);
      }
      const svid = svidOf(secrets);
      if (!svid) return;
      resolve(svid);
      stream.cancel();
    });
    stream.write({
      node: request.node,
      type_url: SECRET.typeUrl,
      resource_names_subscribe: [SVID_SECRET, TRUST_BUNDLE_SECRET],
    } as DeltaDiscoveryRequest);
  }).finally(() => client.close());
}
