/**
 * Decides who may open a stream, before anything is looked up for it: a valid token, a node id that the token is
 * for, a service of the document in force, metadata that makes sense, and no second holder of the same node id.
 * The reasons are for the log and for `status`; the peer learns only that it was refused.
 */

import type { Proxy } from '../compile/proxy.ts';
import { proxyFromMetadata } from '../compile/proxy-metadata.ts';
import { admit } from '../identity/admission.ts';
import type { TokenVerdict } from '../identity/token.ts';
import { messageOf } from '../lib/errors.ts';
import type { Mesh } from '../mesh/mesh.ts';
import type { Authenticator } from '../xds/events.ts';

/** What a stream is admitted as; the xDS server carries it along as its subject. */
export interface Joined {
  readonly proxy: Proxy;
  readonly tokenId: string;
}

export interface JoinGateOptions {
  readonly mesh: () => Mesh | undefined;
  readonly verifyToken: (token: string) => Promise<TokenVerdict>;
  /** The address from which a live stream of this node id comes, if there is one. */
  readonly holderOf: (nodeId: string) => string | undefined;
}

type Refusal = { readonly ok: false; readonly why: string };

const refuse = (why: string): Refusal => ({ ok: false, why });

function bearerToken(header: unknown): string | undefined {
  return typeof header === 'string' ? /^Bearer ([^\s]+)$/i.exec(header)?.[1] : undefined;
}

export function createJoinGate(options: JoinGateOptions): Authenticator {
  return async ({ metadata, nodeId, node, peerAddress }) => {
    const headers = metadata.get('authorization');
    const token = headers.length === 1 ? bearerToken(headers[0]) : undefined;
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
    const holder = options.holderOf(nodeId);
    if (holder !== undefined && holder !== peerAddress) {
      return refuse(
        `node "${nodeId}" is connected from ${holder} already; give each instance its own --instance`,
      );
    }
    try {
      const parsed = proxyFromMetadata({ kind, service, instance }, node.metadata);
      if (!parsed.ok)
        return refuse(`its node metadata is not what "portcullis bootstrap" writes: ${parsed.why}`);
      const subject: Joined = { proxy: parsed.proxy, tokenId: verified.claims.jti };
      return { ok: true, subject };
    } catch (error) {
      return refuse(`its node metadata cannot be read: ${messageOf(error)}`);
    }
  };
}
