/** The API on a free port of loopback, about nothing real, and a client that sends what it is told. */
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { AdminBackend } from '../../src/admin/backend.ts';
import type { AdminLimits } from '../../src/admin/limits.ts';
import { type AdminServer, startAdminServer } from '../../src/admin/server.ts';
import { EventRing } from '../../src/control/event-ring.ts';
import { FakeClock } from './fake-clock.ts';

export const ADMIN_TOKEN = 'a-token-for-this-test';
/** The token that `POST /tokens` answers with. */
export const MADE_TOKEN = 'eyJ.made.once';

export interface AdminUnderTest {
  readonly server: AdminServer;
  readonly port: number;
  readonly clock: FakeClock;
  readonly events: EventRing;
  /** What the backend was asked to do, in words. */
  readonly done: readonly string[];
  /** Every line of its log, as JSON. */
  readonly log: readonly string[];
  ask(method: string, path: string, more?: Asked): Promise<Told>;
  /** Sends bytes and reads until the other side closes. */
  raw(text: string): Promise<string>;
  open(): Socket;
}

export interface Asked {
  readonly body?: string | object;
  readonly headers?: Readonly<Record<string, string>>;
  /** Without the token. */
  readonly isAnonymous?: true;
}

export interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly json: { readonly error?: string; readonly hint?: string } & Readonly<Record<string, unknown>>;
}

export interface AdminUnderTestOptions {
  readonly limits?: Partial<AdminLimits>;
  readonly backend?: Partial<AdminBackend>;
}

export async function startAdmin({
  limits,
  backend = {},
}: AdminUnderTestOptions = {}): Promise<AdminUnderTest> {
  const clock = new FakeClock();
  const events = new EventRing(clock);
  const done: string[] = [];
  const log: string[] = [];
  const write = (fields: object, message: string) => void log.push(JSON.stringify({ ...fields, message }));
  const server = await startAdminServer({
    host: '127.0.0.1',
    port: 0,
    token: ADMIN_TOKEN,
    backend: { ...blankBackend(done, events), ...backend },
    clock,
    logger: { debug: write, info: write, warn: write, error: write },
    ...(limits && { limits }),
  });
  const port = Number(new URL(server.url).port);
  const open = () => connect({ host: '127.0.0.1', port });
  return {
    ...{ server, port, clock, events, done, log, open },
    ask: (method, path, asked = {}) => ask(port, method, path, asked),
    raw: (text) => exchange(open(), text),
  };
}

function blankBackend(done: string[], events: EventRing): AdminBackend {
  const at = Date.UTC(2026, 0, 1);
  const token = { jti: 'j1', service: 'orders', issuedAt: at, expiresAt: at + 1_000 };
  return {
    ready: () => true,
    status: () => ({
      document: { path: 'mesh.yaml' },
      ...{ proxies: [], endpoints: {}, instances: [], refusals: [] },
      ...{ isFrozen: false, gatewayCertificates: {} },
    }),
    document: () => ({ path: 'mesh.yaml' }),
    can(asked) {
      done.push(`can ${JSON.stringify(asked)}`);
      return { ok: true, value: { verdict: 'deny', policy: 'default', audits: [] } };
    },
    tokens: {
      list: async () => [{ ...token, state: 'good' }],
      async create(asked, actor) {
        done.push(`create ${JSON.stringify(asked)} by ${actor}`);
        return { ok: true, value: { ...token, token: MADE_TOKEN } };
      },
      async revoke(jti, actor) {
        done.push(`revoke ${jti} by ${actor}`);
        if (jti !== 'j1') return { ok: false, error: 'there is no such token' };
        return { ok: true, value: { revoked: [jti], nodes: ['orders/1'] } };
      },
    },
    events,
  };
}

function ask(
  port: number,
  method: string,
  path: string,
  { body, headers, isAnonymous }: Asked,
): Promise<Told> {
  const sent = typeof body === 'object' ? JSON.stringify(body) : body;
  const all = {
    ...(isAnonymous ? {} : { authorization: `Bearer ${ADMIN_TOKEN}` }),
    ...(sent !== undefined && {
      'content-type': 'application/json',
      'content-length': `${Buffer.byteLength(sent)}`,
    }),
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, method, path, headers: all }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => {
        const json = text.startsWith('{') ? JSON.parse(text) : {};
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
      });
    });
    call.on('error', reject);
    call.end(sent);
  });
}

function exchange(socket: Socket, text: string): Promise<string> {
  let answer = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    answer += chunk;
  });
  socket.on('error', () => {}); // a reset is an end as well
  socket.write(text, 'latin1');
  return new Promise((resolve) => {
    socket.on('close', () => resolve(answer));
  });
}
