import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { meshJsonSchema } from './json-schema.ts';

const COMMITTED = new URL('../../mesh.schema.json', import.meta.url);

test('the committed mesh.schema.json is this schema: `npm run schema` regenerates it', () => {
  expect(JSON.parse(readFileSync(COMMITTED, 'utf8'))).toEqual(JSON.parse(JSON.stringify(meshJsonSchema())));
});

test('every key that people write is described for their editor', () => {
  const undescribed: string[] = [];
  visit(meshJsonSchema() as Schema, '');
  expect(undescribed).toEqual([]);

  function visit(schema: Schema, path: string): void {
    for (const [key, property] of Object.entries(schema.properties ?? {})) {
      if (!property.description) undescribed.push(`${path}.${key}`);
      visit(property, `${path}.${key}`);
    }
    const inner = [schema.items, schema.additionalProperties, ...(schema.anyOf ?? [])];
    for (const each of inner) if (typeof each === 'object') visit(each, path);
  }
});

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
}
