import type { Options } from '@grpc/proto-loader';

/**
 * How messages look as plain objects: field names of the .proto files, 64-bit numbers and enum values as strings, `Any`
 * in its JSON form. Used to load the descriptor set and, by `protos/compile.ts`, to generate the types.
 */
export const LOADER_OPTIONS = {
  keepCase: true,
  longs: String,
  enums: String,
  json: true,
} as const satisfies Options;
