/**
 * Decides who may open a stream, before anything is looked up for it: a valid token that was not revoked, a node id that
 * the token is for and that came with it first, a service of the document in force, metadata that makes sense, and no
 * second holder of the same node id. The reasons are for the log and for `status`; the peer learns only that it was
 * refused.
 */

import type { Proxy } from '../compile/proxy.ts';
import { proxyFromMetadata } from '../compile/proxy-metadata.ts';
import { admit } from '../identity/admission.ts';
import { type TokenVerdict, unverifiedClaims } from '../identity/token.ts';
import { messageOf } from '../lib/errors.ts';
import type { RateLimit } from '../lib/rate-limit.ts';
import type { Mesh } from '../mesh/mesh.ts';
import type { KnownToken, Tokens } from '../store/tokens.ts';
import type { Authentication, AuthenticationAttempt, Authenticator } from '../xds/events.ts';
import { bearerToken } from './bearer-token.ts';
import { knownToken } from './known-token.ts';

/** What a stream is admitted as; the xDS server carries it along as its subject. */
export interface Joined {
  readonly proxy: Proxy;
  readonly tokenId: string;
  /** The `jti` of the token that this one replaces from now on. */
  readonly predecessor?: string | undefined;
}

export interface JoinGateOptions {
  readonly mesh: () => Mesh | undefined;
  readonly verifyToken: (token: string) => Promise<TokenVerdict>;
  readonly tokens: Pick<Tokens, 'get' | 'record' | 'bind'>;
  /** The address from which a live stream of this node id comes, if there is one. */
  readonly holderOf: (nodeId: string) => string | undefined;
  /** Counts the failures of each peer address. */
  readonly failures: Pick<RateLimit, 'take' | 'isSpent'>;
}

const refuse = (why: string): Authentication => ({ ok: false, why });

export function createJoinGate(options: JoinGateOptions): Authenticator {
  return async (attempt) => {
    const { failures } = options;
    const { peerAddress } = attempt;
    const token = bearerToken(attempt.metadata);
    if (failures.isSpent(peerAddress) && !(await isReturning(options, attempt, token))) {
      return refuse(`too many attempts from ${peerAddress} have failed; this one was not looked at`);
    }
    const answer = await decide(options, attempt, token);
    if (!answer.ok) failures.take(peerAddress);
    return answer;
  };
}

/** It says that it is a node that was let in from this very address: worth a look, however many others fail there. */
async function isReturning(
  { tokens }: JoinGateOptions,
  { nodeId, peerAddress }: AuthenticationAttempt,
  token: string | undefined,
): Promise<boolean> {
  const jti = token === undefined ? undefined : unverifiedClaims(token)?.jti;
  const known = jti === undefined ? undefined : await tokens.get(jti);
  const { node, address } = known?.binding ?? {};
  return known?.revokedAt === undefined && node === nodeId && address === peerAddress;
}

async function decide(
  options: JoinGateOptions,
  { nodeId, node, peerAddress }: AuthenticationAttempt,
  token: string | undefined,
): Promise<Authentication> {
  if (token === undefined) return refuse('no bearer token was sent');
  const verified = await options.verifyToken(token);
  if (!verified.ok) return verified;
  const admitted = admit({ claims: verified.claims, nodeId, peerAddress });
  if (!admitted.ok) return admitted;

  const mesh = options.mesh();
  if (!mesh) return refuse('no document is in force yet');
  const { service, instance } = admitted.node;
  const kind = mesh.gateways.has(service) ? 'gateway' : 'service';
  if (kind === 'service' && !mesh.services.has(service)) {
    return refuse(`the document in force has no service or gateway "${service}"`);
  }
  const parsed = readMetadata({ kind, service, instance }, node.metadata);
  if (!parsed.ok) return refuse(parsed.why);
  const known = await knownToken(options.tokens, verified.claims);
  if (!known.ok) return known;
  const holder = options.holderOf(nodeId);
  if (holder !== undefined && holder !== peerAddress) {
    return refuse(
      `node "${nodeId}" is connected from ${holder} already; give each instance its own --instance`,
    );
  }
  const first = await bindToNode(options.tokens, known.token, { node: nodeId, address: peerAddress });
  if (first !== nodeId) {
    return refuse(
      `node "${nodeId}" came with the token of "${first}"; each instance needs a token of its own`,
    );
  }
  const { jti, predecessor } = known.token;
  const subject: Joined = { proxy: parsed.proxy, tokenId: jti, predecessor };
  return { ok: true, subject };
}

type Metadata = { readonly ok: true; readonly proxy: Proxy } | { readonly ok: false; readonly why: string };

function readMetadata(
  name: Parameters<typeof proxyFromMetadata>[0],
  metadata: Parameters<typeof proxyFromMetadata>[1],
): Metadata {
  try {
    const parsed = proxyFromMetadata(name, metadata);
    if (parsed.ok) return parsed;
    return { ok: false, why: `its node metadata is not what "portcullis bootstrap" writes: ${parsed.why}` };
  } catch (error) {
    return { ok: false, why: `its node metadata cannot be read: ${messageOf(error)}` };
  }
}

/** The node that the token is bound to. A proxy that comes back to where it was costs no write. */
async function bindToNode(
  tokens: Pick<Tokens, 'bind'>,
  { jti, binding }: KnownToken,
  wanted: { readonly node: string; readonly address: string },
): Promise<string> {
  if (binding?.node === wanted.node && binding.address === wanted.address) return binding.node;
  return (await tokens.bind(jti, wanted)).node;
}
