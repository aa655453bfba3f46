import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ControlPlaneError, messageOf } from '../lib/errors.ts';
import type { XdsTrust } from './xds-channel.ts';

/** What a sidecar's machine knows of the control plane. */
export interface XdsTarget extends XdsTrust {
  /** `host:port`. */
  readonly address: string;
}

const socketAddress = z.object({ socket_address: z.object({ address: z.string(), port_value: z.number() }) });

/** The part of `compile/bootstrap.ts` that says where the control plane is and how to be sure of it. */
const bootstrapSchema = z.object({
  static_resources: z.object({
    clusters: z.tuple([
      z.object({
        load_assignment: z.object({
          endpoints: z.tuple([
            z.object({
              lb_endpoints: z.tuple([z.object({ endpoint: z.object({ address: socketAddress }) })]),
            }),
          ]),
        }),
        transport_socket: z.object({
          typed_config: z.object({
            common_tls_context: z.object({
              validation_context: z.object({
                trusted_ca: z.object({ inline_string: z.string() }),
                match_typed_subject_alt_names: z.tuple([
                  z.object({ matcher: z.object({ exact: z.string() }) }),
                ]),
              }),
            }),
          }),
        }),
      }),
    ]),
  }),
});

/** @throws ControlPlaneError `ERR_STATE` if it is not a file that `portcullis bootstrap` wrote */
export async function readXdsTarget(path: string): Promise<XdsTarget> {
  try {
    const { static_resources } = bootstrapSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    const [{ load_assignment, transport_socket }] = static_resources.clusters;
    const { address, port_value } =
      load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address;
    const { trusted_ca, match_typed_subject_alt_names } =
      transport_socket.typed_config.common_tls_context.validation_context;
    return {
      address: `${address.includes(':') ? `[${address}]` : address}:${port_value}`,
      caPem: trusted_ca.inline_string,
      serverSpiffeId: match_typed_subject_alt_names[0].matcher.exact,
    };
  } catch (error) {
    const why =
      error instanceof z.ZodError ? 'it is none that "portcullis bootstrap" wrote' : messageOf(error);
    throw new ControlPlaneError('ERR_STATE', `cannot use the bootstrap "${path}": ${why}`, error);
  }
}
