import type { AnyExtension } from '@grpc/proto-loader';
import { typeUrlOf } from './resource-types.ts';

/** A message as an `Any`, written inline with its type URL. `T` is the generated input type of `message`. */
export function pack<T extends object>(message: string, value: T): AnyExtension {
  return { '@type': typeUrlOf(message), ...value };
}
