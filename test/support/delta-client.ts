import {
  ChannelCredentials,
  Client,
  type ClientDuplexStream,
  type Metadata,
  type StatusObject,
} from '@grpc/grpc-js';
import { serviceDefinition } from '../../src/proto/descriptors.ts';
import type { DeltaDiscoveryRequest } from '../../src/proto/gen/types/envoy/service/discovery/v3/DeltaDiscoveryRequest.ts';
import type { DeltaDiscoveryResponse__Output } from '../../src/proto/gen/types/envoy/service/discovery/v3/DeltaDiscoveryResponse.ts';
import { within } from './within.ts';

/** A delta xDS client that does only what it is told, so that a test can also do what no Envoy would. */
export interface DeltaClient {
  /** Sends a request as it is. */
  send(request: DeltaDiscoveryRequest): void;
  /** Sends bytes as if they were a request. */
  sendBytes(bytes: Buffer): void;
  /** The first request of a stream: the node, and a subscription. */
  hello(nodeId: string, typeUrl: string, names: readonly string[], more?: DeltaDiscoveryRequest): void;
  subscribe(typeUrl: string, names: readonly string[]): void;
  unsubscribe(typeUrl: string, names: readonly string[]): void;
  ack(response: DeltaResponse, more?: DeltaDiscoveryRequest): void;
  nack(response: DeltaResponse, message: string, more?: DeltaDiscoveryRequest): void;
  /** The next response that has not been taken yet. */
  next(): Promise<DeltaResponse>;
  /** Responses that have arrived and not been taken. */
  pending(): readonly DeltaResponse[];
  /** Stops and resumes reading from the socket. */
  pause(): void;
  resume(): void;
  /** A second stream over the same connection; what was done on this one before reaches the server before. */
  another(): DeltaClient;
  /** Finishes sending. */
  halfClose(): void;
  cancel(): void;
  /** The status that the stream ended with. */
  ended(): Promise<StatusObject>;
  close(): void;
}

export interface DeltaResponse {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly controlPlane: string | undefined;
  /** Name to version. */
  readonly resources: ReadonlyMap<string, string>;
  readonly removed: readonly string[];
  readonly raw: DeltaDiscoveryResponse__Output;
}

export interface DeltaClientOptions {
  readonly credentials?: ChannelCredentials;
  readonly metadata?: Metadata;
  readonly service?: string;
  readonly method?: string;
}

/** Connects and opens one stream. */
export function connectDelta(port: number, options: DeltaClientOptions = {}): DeltaClient {
  const credentials = options.credentials ?? ChannelCredentials.createInsecure();
  // A pool of its own for each client: otherwise clients with equal options share a connection.
  const channel = { 'grpc.use_local_subchannel_pool': 1, 'grpc.ssl_target_name_override': 'localhost' };
  return openDelta(new Client(`127.0.0.1:${port}`, credentials, channel), options);
}

function openDelta(client: Client, options: DeltaClientOptions): DeltaClient {
  const { service = 'envoy.service.discovery.v3.AggregatedDiscoveryService', metadata } = options;
  const method = serviceDefinition(service)[options.method ?? 'DeltaAggregatedResources'];
  if (!method) throw new Error(`${service} has no such method`);
  const serialize = (request: DeltaDiscoveryRequest | Buffer) =>
    Buffer.isBuffer(request) ? request : method.requestSerialize(request);
  const deserialize = method.responseDeserialize as (bytes: Buffer) => DeltaDiscoveryResponse__Output;
  const call = open(client, method.path, serialize, deserialize, metadata);

  const arrived: DeltaResponse[] = [];
  const waiting: ((response: DeltaResponse) => void)[] = [];
  call.on('data', (raw: DeltaDiscoveryResponse__Output) => {
    const response = read(raw);
    const waiter = waiting.shift();
    if (waiter) waiter(response);
    else arrived.push(response);
  });
  call.on('error', () => {}); // The status says the same.
  const ended = new Promise<StatusObject>((resolve) => call.on('status', resolve));

  const send = (request: DeltaDiscoveryRequest) => call.write(request);
  const answer = ({ typeUrl, nonce }: DeltaResponse) => ({ type_url: typeUrl, response_nonce: nonce });
  return {
    send,
    sendBytes: (bytes) => call.write(bytes),
    hello: (id, typeUrl, names, more) =>
      send({ node: { id }, type_url: typeUrl, resource_names_subscribe: [...names], ...more }),
    subscribe: (typeUrl, names) => send({ type_url: typeUrl, resource_names_subscribe: [...names] }),
    unsubscribe: (typeUrl, names) => send({ type_url: typeUrl, resource_names_unsubscribe: [...names] }),
    ack: (response, more) => send({ ...answer(response), ...more }),
    nack: (response, message, more) => send({ ...answer(response), error_detail: { message }, ...more }),
    next() {
      const response = arrived.shift();
      if (response) return Promise.resolve(response);
      return within(5_000, 'no response came', new Promise((resolve) => waiting.push(resolve)));
    },
    pending: () => arrived,
    pause: () => call.pause(),
    resume: () => call.resume(),
    another: () => openDelta(client, options),
    halfClose: () => call.end(),
    cancel: () => call.cancel(),
    ended: () => within(5_000, 'the stream did not end', ended),
    close() {
      call.cancel();
      client.close();
    },
  };
}

function open(
  client: Client,
  path: string,
  serialize: (request: DeltaDiscoveryRequest | Buffer) => Buffer,
  deserialize: (bytes: Buffer) => DeltaDiscoveryResponse__Output,
  metadata: Metadata | undefined,
): ClientDuplexStream<DeltaDiscoveryRequest | Buffer, DeltaDiscoveryResponse__Output> {
  return metadata
    ? client.makeBidiStreamRequest(path, serialize, deserialize, metadata)
    : client.makeBidiStreamRequest(path, serialize, deserialize);
}

function read(raw: DeltaDiscoveryResponse__Output): DeltaResponse {
  return {
    typeUrl: raw.type_url ?? '',
    nonce: raw.nonce ?? '',
    controlPlane: raw.control_plane?.identifier,
    resources: new Map((raw.resources ?? []).map(({ name, version }) => [name ?? '', version ?? ''])),
    removed: raw.removed_resources ?? [],
    raw,
  };
}
