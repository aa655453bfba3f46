import { z } from 'zod';

/** What is left of a value when its broken parts are taken out. Lists of scalars are whole or gone. */
export type Salvaged<Value> = Value extends readonly (infer Item)[]
  ? [Item] extends [object]
    ? readonly (Salvaged<Item> | undefined)[]
    : Value
  : Value extends object
    ? { readonly [Key in keyof Value]?: Salvaged<Value[Key]> | undefined }
    : Value;

/** The sound parts of `data`: the cross checks speak about them while the rest is being complained about. */
export function salvage<Schema extends z.ZodType>(
  schema: Schema,
  data: unknown,
): Salvaged<z.output<Schema>> | undefined {
  return soundParts(schema, data) as Salvaged<z.output<Schema>> | undefined;
}

function soundParts(schema: z.core.$ZodType, data: unknown): unknown {
  const result = z.safeParse(schema, data);
  if (result.success) return result.data;
  if (schema instanceof z.ZodOptional) return soundParts(schema.unwrap(), data);
  if (schema instanceof z.ZodArray && Array.isArray(data)) {
    return data.map((item) => soundParts(schema.element, item));
  }
  if (!(schema instanceof z.ZodObject) || typeof data !== 'object' || data === null) return undefined;
  const known = Object.entries(data).filter(([key]) => Object.hasOwn(schema.shape, key));
  return Object.fromEntries(known.map(([key, value]) => [key, soundParts(schema.shape[key], value)]));
}
