/** What the API is about, made of the parts of a running server. */
import type { AdminBackend, Outcome } from '../admin/backend.ts';
import type { CreatedTokenBody, StatusBody, TokenRequest } from '../admin/schemas.ts';
import { carryOut } from '../control/carry-out.ts';
import type { DocumentInForce } from '../control/document-in-force.ts';
import type { EventRing } from '../control/event-ring.ts';
import { issueRecorded } from '../control/issue-recorded.ts';
import type { Revocation } from '../control/revocation.ts';
import type { TokenSigner } from '../identity/token-key.ts';
import type { Clock } from '../lib/clock.ts';
import { parseDurationMs } from '../lib/duration.ts';
import { ControlPlaneError } from '../lib/errors.ts';
import { formatViolation } from '../mesh/violation.ts';
import { explain } from '../policy/explain.ts';
import type { Command } from '../store/commands.ts';
import type { Store } from '../store/store.ts';
import { canAnswer, questionOf } from './can-question.ts';
import { requireService } from './join-token.ts';
import { tokenBody } from './token-body.ts';
import { UsageError } from './verb.ts';

export interface AdminBackendOptions {
  /** The document's path. */
  readonly path: string;
  readonly document: DocumentInForce;
  readonly status: () => StatusBody;
  readonly store: Pick<Store, 'tokens' | 'commands'>;
  readonly tokenSigner: TokenSigner;
  readonly revocation: Pick<Revocation, 'revoke'>;
  readonly events: EventRing;
  readonly clock: Clock;
}

const DEFAULT_TTL = '30d';

export function createAdminBackend(options: AdminBackendOptions): AdminBackend {
  const { document, store, revocation, events, clock } = options;

  /** As `carryOut`, and told to whoever listens. */
  async function ordered<T>(command: Command, act: () => Promise<T>): Promise<T> {
    const result = await carryOut(store.commands, command, act);
    events.record({ kind: 'command', actor: command.actor, command: command.kind });
    return result;
  }

  return {
    ready: () => document.state !== undefined,
    status: options.status,
    document: () => documentBody(options.path, document),
    can: (asked) =>
      orWhyNot(() => {
        const { mesh, rules } = inForce(document);
        const headers = Object.entries(asked.headers ?? {}).map(([name, value]) => [
          name.toLowerCase(),
          value,
        ]);
        const call = questionOf({ ...asked, headers: Object.fromEntries(headers) }, mesh);
        return canAnswer(explain(mesh, rules, call), asked.fix === true);
      }),
    tokens: {
      list: async () => (await store.tokens.list()).map((token) => tokenBody(token, clock.now())),
      create: (request, actor) =>
        orWhyNotLater(() =>
          ordered({ actor, kind: 'token.create', payload: payloadOf(request) }, () =>
            create(options, request),
          ),
        ),
      async revoke(jti, actor) {
        const command = { actor, kind: 'token.revoke', payload: { jti } };
        const revoked = await ordered(command, () => revocation.revoke(jti));
        if (revoked) return { ok: true, value: revoked };
        return { ok: false, error: 'there is no such token', hint: 'GET /tokens lists them by jti' };
      },
    },
    events,
  };
}

function inForce({ state }: DocumentInForce) {
  if (!state) throw new UsageError('no document is in force');
  return state;
}

function documentBody(
  path: string,
  { state, problem }: DocumentInForce,
): ReturnType<AdminBackend['document']> {
  return {
    path,
    inForce: state && {
      mesh: state.mesh.name,
      revision: state.revision,
      digest: state.digest,
      since: state.since,
      files: state.files.map(({ file, bytes }) => ({ file, text: Buffer.from(bytes).toString() })),
    },
    problem: problem && { since: problem.since, violations: problem.violations.map(formatViolation) },
  };
}

/** What of a request is worth a line in the log of commands. */
function payloadOf({ service, instance, cidr, label, ttl = DEFAULT_TTL }: TokenRequest): Command['payload'] {
  return { service, instance: instance ?? null, cidr: cidr ?? null, label: label ?? null, ttl };
}

async function create(
  { document, store, tokenSigner, clock }: AdminBackendOptions,
  { service, instance, cidr, label, ttl = DEFAULT_TTL }: TokenRequest,
): Promise<CreatedTokenBody> {
  requireService(inForce(document).mesh, service);
  const ttlMs = parseDurationMs(ttl);
  if (!ttlMs) throw new UsageError(`"${ttl}" is no duration`);
  return issueRecorded(tokenSigner, store.tokens, {
    ...{ service, instance, cidr, label },
    ...{ ttlMs, now: clock.now() },
  });
}

/** What was asked wrong is an answer; what fails on our side is not. */
function whyNot(error: unknown): Extract<Outcome<never>, { ok: false }> {
  const isTheirs =
    error instanceof UsageError || (error instanceof ControlPlaneError && error.code === 'ERR_TOKEN');
  if (!isTheirs) throw error;
  return { ok: false, error: error.message };
}

function orWhyNot<T>(ask: () => T): Outcome<T> {
  try {
    return { ok: true, value: ask() };
  } catch (error) {
    return whyNot(error);
  }
}

async function orWhyNotLater<T>(ask: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await ask() };
  } catch (error) {
    return whyNot(error);
  }
}
