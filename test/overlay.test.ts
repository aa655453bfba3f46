/** The fields that `protos/overlay.json` adds must be what the real Envoy has: its binary carries its own descriptors. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { findEnvoy } from '../src/cli/envoy-binary.ts';
import { decode } from '../src/proto/descriptors.ts';

interface Overlay {
  readonly messages: readonly string[];
  readonly enums: readonly { readonly name: string; readonly values: Readonly<Record<string, number>> }[];
  readonly fields: readonly {
    readonly message: string;
    readonly name: string;
    readonly id: number;
    readonly type: string;
  }[];
}

const overlay = JSON.parse(
  readFileSync(new URL('../protos/overlay.json', import.meta.url), 'utf8'),
) as Overlay;
const enumNames = new Set(overlay.enums.map(({ name }) => name));

let envoy: Buffer;
beforeAll(async () => {
  envoy = readFileSync((await findEnvoy(process.env)).path);
});

const shortName = (fullName: string) => fullName.slice(fullName.lastIndexOf('.') + 1);

function varint(value: number): Buffer {
  return Buffer.from(value < 128 ? [value] : [(value & 0x7f) | 0x80, value >> 7]);
}

/** One field of a serialised message: a number as a varint, anything else with its length, under 128, before it. */
function field(number: number, value: number | string | Buffer): Buffer {
  if (typeof value === 'number') return Buffer.concat([varint(number << 3), varint(value)]);
  const bytes = Buffer.from(value);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

/** The start of a FieldDescriptorProto (google/protobuf/descriptor.proto): name, number, label, type, type_name. */
function fieldDescriptor({ name, id, type }: Overlay['fields'][number]): Buffer {
  const LABEL_OPTIONAL = 1;
  const kind = enumNames.has(type) ? 14 : 11;
  return Buffer.concat([
    field(1, name),
    field(3, id),
    field(4, LABEL_OPTIONAL),
    field(5, kind),
    field(6, `.${type}`),
  ]);
}

/** The start of a DescriptorProto with at least one field: name, then the first field's tag. */
const messageDescriptor = (name: string) => Buffer.concat([field(1, shortName(name)), Buffer.from([0x12])]);

/** An EnumDescriptorProto: name, then each value's name and number. */
function enumDescriptor({ name, values }: Overlay['enums'][number]): Buffer {
  const each = Object.entries(values).map(([value, number]) =>
    field(2, Buffer.concat([field(1, value), field(2, number)])),
  );
  return Buffer.concat([field(1, shortName(name)), ...each]);
}

function positionsOf(bytes: Buffer): number[] {
  const positions: number[] = [];
  for (let at = envoy.indexOf(bytes); at >= 0; at = envoy.indexOf(bytes, at + 1)) positions.push(at);
  return positions;
}

describe('the overlay of newer Envoy fields', () => {
  it('is not empty', () => {
    expect(overlay.fields.length).toBeGreaterThan(0);
  });

  it.each(overlay.fields)('has $name = $id as the real Envoy has it in $message', (entry) => {
    const LARGEST_DESCRIPTOR = 8_192;
    const found = positionsOf(fieldDescriptor(entry)).filter((at) => {
      return at - envoy.lastIndexOf(messageDescriptor(entry.message), at) < LARGEST_DESCRIPTOR;
    });
    expect(found).not.toEqual([]);
  });

  it.each(overlay.enums)('has the values of $name as the real Envoy has them', (entry) => {
    expect(positionsOf(enumDescriptor(entry))).not.toEqual([]);
  });

  it('would not take a wrong number for a right one', () => {
    const [entry] = overlay.fields;
    if (!entry) throw new Error('the overlay has no field');
    expect(positionsOf(fieldDescriptor({ ...entry, id: entry.id + 1 }))).toEqual([]);
  });

  // messages of the overlay are nested in others, and seen through the field that holds them
  it.each(overlay.fields.filter(({ message }) => !overlay.messages.includes(message)))(
    'is in the descriptor set: $message knows $name',
    ({ message, name, id, type }) => {
      const bytes = field(id, enumNames.has(type) ? 1 : '');
      expect(decode(message, bytes)).toHaveProperty(name);
    },
  );
});
