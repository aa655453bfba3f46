/**
 * Request headers by which Envoy steers itself (Envoy docs: "HTTP header manipulation" and the router filter). Nobody
 * outside may set them, and no app may believe that we did. Envoy does not obey them from others either (nobody is
 * internal to it); this keeps them from everything behind, before anything else looks at the request.
 */
import { pack } from '../proto/any.ts';
import type { HttpConnectionManager } from '../proto/gen/types/envoy/extensions/filters/network/http_connection_manager/v3/HttpConnectionManager.ts';
import type { HeaderMutation } from '../proto/gen/types/envoy/extensions/http/early_header_mutation/header_mutation/v3/HeaderMutation.ts';
import type { NewerHeaderMutation } from '../proto/overlay.ts';

const REMOVE: NewerHeaderMutation = { remove_on_match: { key_matcher: { prefix: 'x-envoy-' } } };

export const WITHOUT_ENVOY_HEADERS = {
  early_header_mutation_extensions: [
    {
      name: 'envoy.http.early_header_mutation.header_mutation',
      typed_config: pack<HeaderMutation>(
        'envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation',
        { mutations: [REMOVE] },
      ),
    },
  ],
} satisfies HttpConnectionManager;
