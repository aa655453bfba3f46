import { z } from 'zod';
import { methodProblem } from './header-schema.ts';
import type { Problem } from './problem.ts';
import { quote } from './problem.ts';
import { anyText, closed, notYet, oneOf, text } from './schema-parts.ts';

const REQUEST = /^(\S+) (\/[^\s#]*)$/;

function requestProblem(request: string): Problem | undefined {
  const match = REQUEST.exec(request);
  if (match) return methodProblem(match[1] as string);
  return {
    message: `${quote(request)} is no request: it must be a method, one space and a path`,
    hint: 'for example "GET /orders/7?full=1"',
  };
}

const request = text(requestProblem, { examples: ['GET /orders/7/shipping'] }).transform((value) => {
  const [method = '', path = ''] = value.split(' ');
  return { method, path };
});

export const testSchema = closed(
  {
    from: anyText().describe('Who calls: a service, a gateway or a SPIFFE ID.'),
    to: anyText().describe('The service that is called.'),
    request: request.describe('Method and path, with a query if you like.'),
    headers: z.record(text(testHeaderProblem), anyText()).describe('Headers of the request.').optional(),
    expect: oneOf(['allow', 'deny', 'refused']).describe(
      'refused: the path is one that no policy is asked about, such as one with %2f.',
    ),
    because: anyText().describe('The policy that decides, or "default".').optional(),
  },
  { claims: notYet('"claims"') },
);

function testHeaderProblem(name: string): Problem | undefined {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/.test(name)
    ? undefined
    : { message: `${quote(name)} cannot be the name of a header` };
}

export type TestEntry = z.output<typeof testSchema>;
