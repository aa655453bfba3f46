/**
 * DeltaDiscoveryResponse, framed by hand around resources that are encoded already: decoding and re-encoding them per
 * client is what a control plane must not do. Field numbers: envoy/service/discovery/v3/discovery.proto and
 * google/protobuf/any.proto. The fields of a message may come in any order, so the nonce, which alone differs from
 * stream to stream, is put last.
 */
import type { Resource } from './resource.ts';
import type { Update } from './update.ts';

const RESPONSE = { resources: 2, typeUrl: 4, nonce: 5, removedResources: 6, controlPlane: 7 } as const;
const RESOURCE = { version: 1, resource: 2, name: 3 } as const;
const ANY = { typeUrl: 1, value: 2 } as const;
const CONTROL_PLANE = { identifier: 1 } as const;

/** Bytes in pieces, with their sum: nested lengths are known without joining anything twice. */
interface Pieces {
  readonly pieces: readonly Uint8Array[];
  readonly length: number;
}

/** The tag and length that stand before a length-delimited field of `length` bytes. */
function header(field: number, length: number): Uint8Array {
  const bytes = [(field << 3) | 2];
  let rest = length;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

function join(parts: readonly Pieces[]): Pieces {
  return {
    pieces: parts.flatMap(({ pieces }) => pieces),
    length: parts.reduce((sum, { length }) => sum + length, 0),
  };
}

function nested(field: number, { pieces, length }: Pieces): Pieces {
  const head = header(field, length);
  return { pieces: [head, ...pieces], length: head.length + length };
}

const bytesField = (field: number, bytes: Uint8Array) =>
  nested(field, { pieces: [bytes], length: bytes.length });
const textField = (field: number, text: string) => bytesField(field, Buffer.from(text));

function resourceField({ typeUrl, name, version, bytes }: Resource): Pieces {
  const any = join([textField(ANY.typeUrl, typeUrl), bytesField(ANY.value, bytes)]);
  return nested(
    RESPONSE.resources,
    join([
      textField(RESOURCE.name, name),
      textField(RESOURCE.version, version),
      nested(RESOURCE.resource, any),
    ]),
  );
}

/** Everything of a response but the nonce: the same for all streams that are told the same. */
export function encodeBody(typeUrl: string, update: Update, controlPlaneId: string): Buffer {
  const { pieces, length } = join([
    textField(RESPONSE.typeUrl, typeUrl),
    nested(RESPONSE.controlPlane, textField(CONTROL_PLANE.identifier, controlPlaneId)),
    ...update.resources.map(resourceField),
    ...update.removed.map((name) => textField(RESPONSE.removedResources, name)),
  ]);
  return Buffer.concat(pieces, length);
}

export function withNonce(body: Buffer, nonce: string): Buffer {
  return Buffer.concat([body, ...textField(RESPONSE.nonce, nonce).pieces]);
}

/** What a resource adds to a response besides its content, at most: names and lengths of a few fields. */
const RESOURCE_OVERHEAD_BYTES = 64;

function sizeOf({ typeUrl, name, version, bytes }: Resource): number {
  return bytes.length + 3 * name.length + version.length + typeUrl.length + RESOURCE_OVERHEAD_BYTES;
}

/**
 * Cuts an update so that each part encodes to at most `maxBytes`, unless a single resource is larger. Receivers refuse
 * messages over their limit ("Grouping Resources into Responses"); in delta any cut is allowed.
 */
export function splitUpdate(update: Update, maxBytes: number): readonly Update[] {
  const parts: Resource[][] = [[]];
  let size = 3 * update.removed.reduce((sum, name) => sum + name.length + 4, 0);
  for (const resource of update.resources) {
    const last = parts.at(-1) as Resource[];
    const isFull = last.length > 0 && size + sizeOf(resource) > maxBytes;
    if (isFull) parts.push([resource]);
    else last.push(resource);
    size = (isFull ? 0 : size) + sizeOf(resource);
  }
  if (parts.length === 1) return [update];
  return parts.map((resources, part) => ({ resources, removed: part === 0 ? update.removed : [] }));
}
