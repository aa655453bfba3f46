import { type NodeName, parseNodeId } from '../proto/names.ts';
import { parseAddressRange } from './address-range.ts';
import type { TokenClaims } from './token.ts';

export interface Admission {
  /** Of a verified token. */
  readonly claims: Pick<TokenClaims, 'sub' | 'instance' | 'cidr'>;
  /** As the peer sent it: any text. */
  readonly nodeId: string;
  /** An IP address without a port. */
  readonly peerAddress: string;
}

/** `why` is for the log; the peer learns only that it was refused. */
export type AdmissionVerdict =
  | { readonly ok: true; readonly node: NodeName }
  | { readonly ok: false; readonly why: string };

/** Whether the bearer of a verified token may be the node that it says it is. */
export function admit({ claims, nodeId, peerAddress }: Admission): AdmissionVerdict {
  const node = parseNodeId(nodeId);
  if (!node) return refuse(`the node id ${quote(nodeId)} is not of the form "<service>/<instance>"`);
  if (node.service !== claims.sub) return refuse(`node "${nodeId}" came with a token for "${claims.sub}"`);
  if (claims.instance !== undefined && node.instance !== claims.instance) {
    return refuse(`node "${nodeId}" came with a token for "${claims.sub}/${claims.instance}"`);
  }
  if (claims.cidr !== undefined && !parseAddressRange(claims.cidr)?.(peerAddress)) {
    return refuse(`node "${nodeId}" came from ${quote(peerAddress)}, its token is bound to ${claims.cidr}`);
  }
  return { ok: true, node };
}

function refuse(why: string): AdmissionVerdict {
  return { ok: false, why };
}

/** In one line and short, whatever a peer sent. */
function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
