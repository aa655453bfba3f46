import { expect, it } from 'vitest';
import { openApiDocument } from '../../src/admin/openapi.ts';

it('docs/openapi.json is what the routes and shapes of the API say ("npm run golden" writes it again)', async () => {
  const text = `${JSON.stringify(openApiDocument(), undefined, 2)}\n`;
  await expect(text).toMatchFileSnapshot('../../docs/openapi.json');
});
