import type { DeltaDiscoveryRequest__Output } from '../proto/gen/types/envoy/service/discovery/v3/DeltaDiscoveryRequest.ts';
import type { ResourceType } from '../proto/resource-types.ts';
import type { Limits } from './limits.ts';
import { exhausted, invalid, type Refusal } from './refusal.ts';
import type { SubscriptionChange } from './subscription.ts';

/** A request that is fit to be acted on. */
export interface DeltaRequest extends SubscriptionChange {
  readonly typeUrl: string;
  /** Empty if the request answers no response. */
  readonly nonce: string;
  /** The reason of a NACK; undefined for anything else. It alone makes a NACK ("ACK and NACK semantics summary"). */
  readonly error: string | undefined;
}

const MAX_ERROR_LENGTH = 4_096;

/** Checks a decoded request against the stream's type, if it has one, and the limits. */
export function readDeltaRequest(
  request: DeltaDiscoveryRequest__Output,
  streamType: ResourceType | undefined,
  limits: Limits,
): DeltaRequest | Refusal {
  const typeUrl = request.type_url || streamType?.typeUrl;
  if (!typeUrl) return invalid('type_url is missing');
  if (streamType && typeUrl !== streamType.typeUrl)
    return invalid(`this stream is for ${streamType.typeUrl}`);
  const subscribe = request.resource_names_subscribe ?? [];
  const unsubscribe = request.resource_names_unsubscribe ?? [];
  const held = new Map(Object.entries(request.initial_resource_versions ?? {}));
  for (const names of [[typeUrl], subscribe, held.keys()]) {
    for (const name of names) {
      if (name.length > limits.maxNameLength) {
        return exhausted(`a name or type URL is longer than ${limits.maxNameLength} characters`);
      }
    }
  }
  if (held.size > limits.maxNamesPerType) return exhausted(`more than ${limits.maxNamesPerType} resources`);
  const error = request.error_detail && (request.error_detail.message ?? '').slice(0, MAX_ERROR_LENGTH);
  return {
    typeUrl,
    subscribe,
    unsubscribe,
    held,
    nonce: request.response_nonce ?? '',
    error: error ?? undefined,
  };
}
