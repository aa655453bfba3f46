/**
 * A message of ours in protobuf's JSON form (protobuf docs, "ProtoJSON format"), which Envoy's config files and people
 * read: durations as `5s`, wrappers as their values. Keeps the field names of the .proto files and sorts keys. Stricter
 * than encoding: a field that the message does not have is an error, where the encoder would leave it out silently.
 */
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

const gen = new URL('../../src/proto/gen/envoy-api.json', import.meta.url);
const root = protobuf.Root.fromJSON(JSON.parse(readFileSync(gen, 'utf8'))).resolveAll();

type Fields = Readonly<Record<string, unknown>>;

const WELL_KNOWN: Readonly<Record<string, (value: Fields) => unknown>> = {
  '.google.protobuf.Duration': ({ seconds = 0, nanos = 0 }) => `${Number(seconds) + Number(nanos) / 1e9}s`,
  '.google.protobuf.Struct': ({ fields }) => structJson(fields as Fields),
};

const isWrapper = (name: string) =>
  /^\.google\.protobuf\.(UInt32|UInt64|Int64|Bool|String|Double)Value$/.test(name);

export function toProtoJson(message: string, value: object): object {
  return messageJson(root.lookupType(message), value as Fields, message) as object;
}

function messageJson(type: protobuf.Type, value: Fields, path: string): unknown {
  const wellKnown = WELL_KNOWN[type.fullName];
  if (wellKnown) return wellKnown(value);
  if (isWrapper(type.fullName)) return value.value;
  if (type.fullName === '.google.protobuf.Any') return anyJson(value, path);
  const entries = Object.entries(value).filter(([name, content]) => !isUnset(type.fields[name], content));
  return sorted(entries.map(([name, content]) => [name, fieldJson(type, name, content, `${path}.${name}`)]));
}

/** On the wire an empty list or map is the same as none; an empty message is not. */
function isUnset(field: protobuf.Field | undefined, content: unknown): boolean {
  const isCollection = field?.repeated || field instanceof protobuf.MapField;
  return content === undefined || (isCollection === true && Object.keys(content as object).length === 0);
}

function anyJson({ '@type': url, ...value }: Fields, path: string): unknown {
  const type = root.lookupType(String(url).replace(/^.*\//, ''));
  return { '@type': url, ...(messageJson(type, value, path) as object) };
}

function fieldJson(type: protobuf.Type, name: string, content: unknown, path: string): unknown {
  const field = type.fields[name];
  if (!field) throw new Error(`${path}: "${type.fullName}" has no such field`);
  const one = (item: unknown, at: string) => scalarOrMessage(field, item, at);
  if (field.repeated) return (content as unknown[]).map((item, index) => one(item, `${path}[${index}]`));
  if (!(field instanceof protobuf.MapField)) return one(content, path);
  return sorted(Object.entries(content as Fields).map(([key, item]) => [key, one(item, `${path}.${key}`)]));
}

function scalarOrMessage(field: protobuf.Field, value: unknown, path: string): unknown {
  if (field.resolvedType instanceof protobuf.Type)
    return messageJson(field.resolvedType, value as Fields, path);
  const known = !(field.resolvedType instanceof protobuf.Enum) || String(value) in field.resolvedType.values;
  if (!known) throw new Error(`${path}: "${value}" is no value of "${field.resolvedType?.fullName}"`);
  return value;
}

function structJson(fields: Fields): object {
  return sorted(Object.entries(fields).map(([key, value]) => [key, valueJson(value as Fields)]));
}

function valueJson({ structValue, listValue, ...scalar }: Fields): unknown {
  if (structValue) return structJson((structValue as { fields: Fields }).fields);
  if (listValue) return (listValue as { values: Fields[] }).values.map(valueJson);
  return Object.values(scalar)[0];
}

function sorted(entries: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}
