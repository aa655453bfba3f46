/**
 * What a proxy says of itself in its node metadata, under the key `portcullis`: written into the bootstrap, read back
 * when it connects. It shapes the proxy's own listeners and nothing else, but it comes from outside, so it is checked.
 */
import { isIP } from 'node:net';
import { z } from 'zod';
import type { Struct } from '../proto/gen/types/google/protobuf/Struct.ts';
import { type Json, jsonOf } from '../proto/well-known-types.ts';
import type { Proxy, SocketAddress } from './proxy.ts';

const METADATA_KEY = 'portcullis';
const MAX_PORTS = 64;

export type ParsedProxy =
  | { readonly ok: true; readonly proxy: Proxy }
  /** `why` is for the log and `status`: all that is wrong, one line. */
  | { readonly ok: false; readonly why: string };

const isAddress = (text: string) => isIP(text) !== 0 && !text.includes('%');
const isLoopback = (text: string) => /^127(\.\d{1,3}){3}$/.test(text) || text === '::1';

const port = z.number().int().min(1).max(65_535);
const address = z.string().max(45).refine(isAddress, 'must be an IP address');
const portNumberKey = z.string().regex(/^[1-9]\d{0,4}$/, 'must be a port number');

const metadataSchema = z
  .strictObject({
    kind: z.enum(['service', 'gateway']),
    inbound: z.strictObject({ address, port }).optional(),
    outbound: z
      .strictObject({
        // whoever reaches the outbound calls as this service
        address: address.refine(isLoopback, 'must be a loopback address'),
        port,
      })
      .optional(),
    bind: address,
    portMap: z
      .record(portNumberKey, port)
      .refine((map) => Object.keys(map).length <= MAX_PORTS, `must have at most ${MAX_PORTS} entries`),
  })
  .refine(({ kind, inbound }) => kind === 'gateway' || inbound !== undefined, 'a service needs "inbound"')
  .refine(
    ({ inbound, outbound, portMap }) =>
      !Object.values(portMap).some((mapped) => mapped === inbound?.port || mapped === outbound?.port),
    'no port may be mapped to a port of the sidecar itself',
  );

/** The node metadata of a proxy, as JSON. */
export function metadataOf(proxy: Proxy): { readonly [key: string]: Json } {
  const { kind, inbound, outbound, bindAddress, portMap } = proxy;
  return {
    [METADATA_KEY]: {
      kind,
      ...(inbound && { inbound: jsonAddress(inbound) }),
      ...(outbound && { outbound: jsonAddress(outbound) }),
      bind: bindAddress,
      portMap: Object.fromEntries([...portMap].map(([declared, used]) => [String(declared), used])),
    },
  };
}

const jsonAddress = ({ address, port }: SocketAddress) => ({ address, port });

const LOOPBACK = '127.0.0.1';
const GATEWAY = { inbound: undefined, outbound: undefined, bindAddress: LOOPBACK, portMap: new Map() };
/** What a bootstrap that says nothing means: the ports that `portcullis bootstrap` takes, on loopback. */
const BUILT_IN: Readonly<Record<Proxy['kind'], Omit<Proxy, 'kind' | 'service' | 'instance'>>> = {
  gateway: GATEWAY,
  service: {
    ...GATEWAY,
    inbound: { address: LOOPBACK, port: 15006 },
    outbound: { address: LOOPBACK, port: 15001 },
  },
};

/** The proxy that a node's metadata describes. `name` is what its token and the document say that it is. */
export function proxyFromMetadata(
  name: Pick<Proxy, 'kind' | 'service' | 'instance'>,
  metadata: Struct | null | undefined,
): ParsedProxy {
  const written = jsonOf(metadata)[METADATA_KEY];
  if (written === undefined) return { ok: true, proxy: { ...name, ...BUILT_IN[name.kind] } };
  const parsed = metadataSchema.safeParse(written);
  if (!parsed.success) return { ok: false, why: parsed.error.issues.map(describeIssue).join('; ') };
  const { kind, inbound, outbound, bind, portMap } = parsed.data;
  if (kind !== name.kind)
    return { ok: false, why: `it is written for a ${kind}, "${name.service}" is a ${name.kind}` };
  return {
    ok: true,
    proxy: {
      ...name,
      inbound,
      outbound,
      bindAddress: bind,
      portMap: new Map(Object.entries(portMap).map(([declared, used]) => [Number(declared), used])),
    },
  };
}

const MAX_REASON = 200;

function describeIssue({ path, message }: z.core.$ZodIssue): string {
  return `${[METADATA_KEY, ...path].join('.')}: ${message}`.slice(0, MAX_REASON);
}
