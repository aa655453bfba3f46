import { z } from 'zod';
import { type AnyRoute, ROUTES } from './routes.ts';
import { SHAPES } from './schemas.ts';

type Json = Readonly<Record<string, unknown>>;

/** The API in the form of the OpenAPI Specification 3.1, made from the table of routes. */
export function openApiDocument(): object {
  const paths: Record<string, Record<string, Json>> = {};
  for (const row of ROUTES) {
    paths[row.path] = { ...paths[row.path], [row.method.toLowerCase()]: operationOf(row) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Portcullis',
      version: '1',
      description:
        'About a running control plane. The address and the token are in server.json of its state folder.',
    },
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: shapes(),
    },
  };
}

function operationOf(row: AnyRoute): Json {
  const { summary, params, query, body, isPublic } = row;
  const parameters = [...parametersOf('path', params), ...parametersOf('query', query)];
  return {
    summary,
    ...(isPublic && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { required: true, content: contentOf(body) } }),
    responses: responsesOf(row),
  };
}

function parametersOf(where: 'path' | 'query', schema: z.ZodType | undefined): readonly Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = jsonSchemaOf(schema);
  return Object.entries(properties as Record<string, Json>).map(([name, { description, ...of }]) => ({
    name,
    in: where,
    required: (required as readonly string[]).includes(name),
    ...(description !== undefined && { description }),
    schema: of,
  }));
}

function responsesOf({ answers, stream }: AnyRoute): Json {
  const good = Object.entries(answers).map(([status, schema]) => {
    const events = stream && { 'text/event-stream': { schema: { type: 'string' } } };
    return [status, { description: nameOf(schema), content: { ...contentOf(schema), ...events } }];
  });
  const refused = { description: 'Refused, or failed', content: contentOf(SHAPES.Error) };
  return { ...Object.fromEntries(good), default: refused };
}

const contentOf = (schema: z.ZodType) => ({
  'application/json': { schema: { $ref: refTo(nameOf(schema)) } },
});

const refTo = (name: string) => `#/components/schemas/${name}`;

function nameOf(schema: z.ZodType): string {
  const name = Object.entries(SHAPES).find(([, shape]) => shape === schema)?.[0];
  if (name === undefined) throw new TypeError('a shape of the API has no name');
  return name;
}

/** Each shape once, with references to the others. */
function shapes(): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, shape] of Object.entries(SHAPES)) registry.add(shape, { id });
  const { schemas } = z.toJSONSchema(registry, { io: 'input', uri: refTo });
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, plain(schema)]));
}

const jsonSchemaOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input' }) as Json;

/** The dialect is that of OpenAPI 3.1 already, and where a shape lies says its place. */
function plain({ $schema, $id, ...schema }: Json): Json {
  return schema;
}
