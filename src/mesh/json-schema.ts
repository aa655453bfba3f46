import { z } from 'zod';
import { documentSchema } from './document-schema.ts';

/** The schema of the document as JSON Schema (draft 7, which editors' YAML support reads), for completion and hints. */
export function meshJsonSchema(): object {
  const schema = z.toJSONSchema(documentSchema, { target: 'draft-7', io: 'input' });
  return { ...schema, title: 'Portcullis mesh document, version 1' };
}
