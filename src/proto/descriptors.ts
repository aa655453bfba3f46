/**
 * The Envoy API, loaded once from the descriptor set that `protos/compile.ts` makes at install. Messages are plain
 * objects with the field names of the .proto files; an `Any` is written inline with its `@type`.
 */
import { readFileSync } from 'node:fs';
import {
  fromJSON,
  type MessageTypeDefinition,
  type PackageDefinition,
  type ServiceDefinition,
} from '@grpc/proto-loader';
import { ControlPlaneError, messageOf } from '../lib/errors.ts';
import { LOADER_OPTIONS } from './loader-options.ts';

type Message = MessageTypeDefinition<object, object>;

const DESCRIPTOR_SET = new URL('./gen/envoy-api.json', import.meta.url);

function load(): PackageDefinition {
  try {
    return fromJSON(JSON.parse(readFileSync(DESCRIPTOR_SET, 'utf8')), LOADER_OPTIONS);
  } catch (error) {
    throw new ControlPlaneError(
      'ERR_PROTO',
      `the compiled Envoy API is missing or damaged (${messageOf(error)}); run "npm run prepare" to compile it again`,
      error,
    );
  }
}

const definitions = load();

function messageType(name: string): Message {
  const definition = definitions[name];
  if (!definition || !('serialize' in definition)) {
    throw new ControlPlaneError(
      'ERR_PROTO',
      `"${name}" is no message of the Envoy API files in use (protos/envoy-api.json)`,
    );
  }
  return definition as Message;
}

/** Encodes a message given as a plain object; `T` is the generated input type. */
export function encode<T extends object>(message: string, value: T): Buffer {
  return messageType(message).serialize(value);
}

/** Decodes bytes into a plain object; `T` is the generated `__Output` type. */
export function decode<T extends object>(message: string, bytes: Uint8Array): T {
  return messageType(message).deserialize(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) as T;
}

/** A gRPC service's methods, with their paths, as `@grpc/grpc-js` takes them. */
export function serviceDefinition(name: string): ServiceDefinition {
  const definition = definitions[name];
  if (!definition || 'serialize' in definition || 'format' in definition) {
    throw new ControlPlaneError(
      'ERR_PROTO',
      `"${name}" is no service of the Envoy API files in use (protos/envoy-api.json)`,
    );
  }
  return definition as ServiceDefinition;
}
