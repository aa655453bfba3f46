import type { Verb } from './verb.ts';
import { bootstrap } from './verbs/bootstrap.ts';
import { call } from './verbs/call.ts';
import { can } from './verbs/can.ts';
import { demo } from './verbs/demo.ts';
import { newMesh } from './verbs/new.ts';
import { schema } from './verbs/schema.ts';
import { serve } from './verbs/serve.ts';
import { status } from './verbs/status.ts';
import { test } from './verbs/test.ts';
import { token } from './verbs/token.ts';
import { validate } from './verbs/validate.ts';

/** In the order in which a newcomer meets them. */
export const VERBS: readonly Verb[] = [
  demo,
  call,
  can,
  newMesh,
  validate,
  test,
  serve,
  token,
  bootstrap,
  status,
  schema,
];
