/** The well-known protobuf types as the descriptors take them: from plain values, and back where we read them. */
import type { Duration } from './gen/types/google/protobuf/Duration.ts';
import type { Struct } from './gen/types/google/protobuf/Struct.ts';
import type { Value } from './gen/types/google/protobuf/Value.ts';

/** `google.protobuf.Duration` of whole milliseconds; 0 is a set value of no time, which Envoy reads as "off". */
export function durationOf(durationMs: number): Duration {
  const nanos = Math.round((durationMs % 1_000) * 1_000_000);
  const seconds = String(Math.trunc(durationMs / 1_000));
  return nanos === 0 ? { seconds } : { seconds, nanos };
}

/** `google.protobuf.UInt32Value` and its likes, and `envoy.type.v3.Percent`. */
export const wrap = <T extends number | boolean>(value: T) => ({ value });

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/** `google.protobuf.Struct` of a plain object; undefined members are left out. */
export function structOf(fields: { readonly [key: string]: Json | undefined }): Struct {
  const set = Object.entries(fields).filter((entry): entry is [string, Json] => entry[1] !== undefined);
  return { fields: Object.fromEntries(set.map(([key, value]) => [key, valueOf(value)])) };
}

function valueOf(json: Json): Value {
  if (json === null) return { nullValue: 'NULL_VALUE' };
  if (typeof json === 'boolean') return { boolValue: json };
  if (typeof json === 'number') return { numberValue: json };
  if (typeof json === 'string') return { stringValue: json };
  if (isList(json)) return { listValue: { values: json.map(valueOf) } };
  return { structValue: structOf(json) };
}

const isList = (json: Json): json is readonly Json[] => Array.isArray(json);

/** The plain object that a `google.protobuf.Struct` (e.g. a node's metadata) stands for. */
export function jsonOf(struct: Struct | null | undefined): { readonly [key: string]: Json } {
  const entries = Object.entries(struct?.fields ?? {});
  return Object.fromEntries(entries.map(([key, value]) => [key, jsonOfValue(value)]));
}

function jsonOfValue(value: Value): Json {
  if (value.structValue) return jsonOf(value.structValue);
  if (value.listValue) return (value.listValue.values ?? []).map(jsonOfValue);
  if (value.numberValue !== undefined) return Number(value.numberValue);
  return value.stringValue ?? value.boolValue ?? null;
}
