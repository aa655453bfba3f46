import { experimental, type ServerCredentials } from '@grpc/grpc-js';
import type { Leaf } from '../identity/leaf.ts';

type Listener = Parameters<experimental.CertificateProvider['addIdentityCertificateListener']>[0];

export interface RenewableCredentials {
  readonly credentials: ServerCredentials;
  /** New connections are served with this certificate from now on. */
  renew(leaf: Leaf): void;
}

/** TLS for the xDS port whose certificate can be exchanged while it listens. Proxies bring tokens, no certificates. */
export function createRenewableCredentials(first: Leaf): RenewableCredentials {
  const listeners = new Set<Listener>();
  let current = first;
  const update = () => ({
    certificate: Buffer.from(current.certificatePem),
    privateKey: Buffer.from(current.privateKeyPem),
  });
  const provider: experimental.CertificateProvider = {
    addCaCertificateListener() {},
    removeCaCertificateListener() {},
    addIdentityCertificateListener(listener) {
      listeners.add(listener);
      // the server starts to listen for updates only after this call returns
      queueMicrotask(() => listener(update()));
    },
    removeIdentityCertificateListener: (listener) => void listeners.delete(listener),
  };
  return {
    // the first parameter is the server's own certificate, whatever its name in the type says
    credentials: experimental.createCertificateProviderServerCredentials(provider, null, false),
    renew(leaf) {
      current = leaf;
      for (const listener of listeners) listener(update());
    },
  };
}
