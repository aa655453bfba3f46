/**
 * The story that the demo tells: real calls through real sidecars, what is allowed, what is not and why, attacks on
 * an inbound listener, and an edit of the document that takes effect. Each step expects an outcome; `--once` fails
 * if one does not come about.
 */
import { readFile, writeFile } from 'node:fs/promises';
import type { Proxy } from '../../compile/proxy.ts';
import { type Clock, delay } from '../../lib/clock.ts';
import { callThroughProxy } from '../verbs/call.ts';
import { callDirectly, type DirectResult } from './direct-call.ts';
import { explainCall } from './explain-call.ts';
import { foreignIdentity, stolenIdentity } from './identities.ts';
import type { DemoWorld } from './world.ts';

export interface StepResult {
  readonly passed: boolean;
  /** e.g. `200` or `refused: socket hang up`. */
  readonly outcome: string;
  /** Further lines for people. */
  readonly notes?: readonly string[];
}

export interface Step {
  readonly title: string;
  run(world: DemoWorld, clock: Clock): Promise<StepResult>;
}

interface Call {
  readonly from: string;
  readonly method: string;
  readonly url: string;
}

const EDIT_WITHIN_MS = 10_000;
const POLL_MS = 5;

const describe = ({ from, method, url }: Call) => `${from} → ${method} ${url}`;

async function statusOf(world: DemoWorld, { from, method, url }: Call): Promise<number> {
  const proxy = world.ready.proxies[from]?.outbound;
  if (proxy === undefined) throw new Error(`no sidecar for ${from}`);
  return (await callThroughProxy({ proxy, method, url })).status;
}

function expectStatus(call: Call, expected: number): Step {
  return {
    title: describe(call),
    async run(world) {
      const status = await statusOf(world, call);
      return { passed: status === expected, outcome: String(status) };
    },
  };
}

/** A denied call, with what `portcullis can` says of it. */
function expectExplainedDenial(call: Call, callee: string): Step {
  return {
    title: describe(call),
    async run(world) {
      const status = await statusOf(world, call);
      const path = new URL(call.url).pathname;
      const explanation = await explainCall(world.ready.mesh, {
        from: call.from,
        to: callee,
        method: call.method,
        path,
      });
      const command = `portcullis can --from ${call.from} --to ${callee} ${call.method} ${path} --fix`;
      return { passed: status === 403, outcome: String(status), notes: [`$ ${command}`, ...explanation] };
    },
  };
}

function expectGateway(method: string, path: string, expected: number): Step {
  return {
    title: `a browser → ${method} ${path} at the gateway`,
    async run(world) {
      const response = await fetch(`${world.ready.gateway}${path}`, { method });
      await response.body?.cancel();
      return { passed: response.status === expected, outcome: String(response.status) };
    },
  };
}

const PAYMENTS_PATH = '/payments/7';

function attack(
  title: string,
  identity: (world: DemoWorld) => Promise<Parameters<typeof callDirectly>[0]['identity']>,
  isRepelled: (result: DirectResult) => boolean,
): Step {
  return {
    title,
    async run(world) {
      const inbound = world.ready.proxies.payments?.inbound ?? '';
      const result = await callDirectly({
        inbound,
        identity: await identity(world),
        method: 'GET',
        path: PAYMENTS_PATH,
      });
      const outcome = result.kind === 'answered' ? String(result.status) : `refused: ${result.why}`;
      return { passed: isRepelled(result), outcome };
    },
  };
}

const isRefused = (result: DirectResult) => result.kind === 'refused';
const isForbidden = (result: DirectResult) => result.kind === 'answered' && result.status === 403;

const EDITED_CALL: Call = { from: 'shipping', method: 'GET', url: 'http://orders/orders/7/invoice' };

const EDIT = `
  - name: shipping-reads-invoices   # added by the demo
    allow:
      from: shipping
      to: orders
      methods: [GET]
      paths: ["/orders/*/invoice"]
`;

async function untilStatus(world: DemoWorld, clock: Clock, expected: number): Promise<number | undefined> {
  const start = clock.now();
  while (clock.now() - start < EDIT_WITHIN_MS) {
    if ((await statusOf(world, EDITED_CALL)) === expected) return clock.now() - start;
    await delay(clock, POLL_MS);
  }
  return undefined;
}

/** Puts the policy under `policies:`, which need not be the last section of the file. */
async function withEdit(path: string, edit: string): Promise<string> {
  const original = await readFile(path, 'utf8');
  await writeFile(
    path,
    original.replace(/^policies:[^\n]*\n/m, (line) => `${line}${edit.replace(/^\n/, '')}\n`),
  );
  return original;
}

const liveEdit: Step = {
  title: `an edit: "${describe(EDITED_CALL)}" is denied, then allowed, then denied again`,
  async run(world, clock) {
    const { mesh } = world.ready;
    const before = await statusOf(world, EDITED_CALL);
    const original = await withEdit(mesh, EDIT);
    const allowedAfterMs = await untilStatus(world, clock, 200);
    await writeFile(mesh, original);
    const deniedAfterMs = await untilStatus(world, clock, 403);
    const passed = before === 403 && allowedAfterMs !== undefined && deniedAfterMs !== undefined;
    const outcome = passed
      ? '403, 200, 403'
      : `${before}, ${allowedAfterMs ?? 'never allowed'}, ${deniedAfterMs ?? 'never denied'}`;
    const notes = passed
      ? [
          `allowed ${allowedAfterMs} ms after the file was written, denied ${deniedAfterMs} ms after it was restored`,
        ]
      : [];
    return { passed, outcome, notes };
  },
};

export interface Chapter {
  readonly title: string;
  readonly steps: readonly Step[];
}

export const STORY: readonly Chapter[] = [
  {
    title: 'What the document allows',
    steps: [
      expectGateway('GET', '/products/1', 200),
      expectStatus({ from: 'orders', method: 'GET', url: 'http://payments/payments/7' }, 200),
      expectStatus({ from: 'orders', method: 'GET', url: 'http://catalog/products/1' }, 200),
      expectStatus({ from: 'shipping', method: 'GET', url: 'http://orders/orders/7/shipping' }, 200),
    ],
  },
  {
    title: 'What it does not allow',
    steps: [
      expectExplainedDenial(
        { from: 'shipping', method: 'GET', url: 'http://orders/orders/7/payment' },
        'orders',
      ),
      expectStatus({ from: 'orders', method: 'GET', url: 'http://catalog/inventory' }, 403),
      expectStatus({ from: 'catalog', method: 'GET', url: 'http://payments/payments/7' }, 403),
      expectGateway('GET', '/inventory', 404),
    ],
  },
  {
    title: 'Attacks on the inbound listener of payments, past every other sidecar',
    steps: [
      attack('plaintext', async () => 'plaintext', isRefused),
      attack('TLS without a certificate', async () => 'none', isRefused),
      attack(
        'a certificate of another authority, with the name of orders',
        ({ mesh }) => foreignIdentity(mesh.trustDomain, 'orders'),
        isRefused,
      ),
      attack(
        "shipping's own, valid certificate",
        ({ ready, mesh, proxies }) =>
          stolenIdentity(ready, mesh.trustDomain, proxies.get('shipping') as Proxy),
        isForbidden,
      ),
    ],
  },
  { title: 'A live edit of the document', steps: [liveEdit] },
];
