/**
 * Decides who may open a stream, before anything is looked up for it: a valid token, a node id that the token is
 * for, a service of the document in force, and metadata that makes sense.
 */
import { type Proxy, type ProxyMetadataVerdict, proxyFromMetadata } from '../compile/proxy-metadata.ts';
import { admit } from '../identity/admission.ts';
import type { TokenVerdict } from '../identity/token.ts';
import type { Mesh } from '../mesh/mesh.ts';
import type { NodeName } from '../proto/names.ts';
import type { Authenticator } from '../xds/server.ts';
import { peerIp } from './peer-address.ts';
