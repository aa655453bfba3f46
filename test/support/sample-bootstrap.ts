import { compileBootstrap } from '../../src/compile/bootstrap.ts';
import type { Proxy } from '../../src/compile/proxy.ts';

/** A proxy's bootstrap with nobody behind its addresses. */
export function sampleBootstrap(proxy: Proxy, xdsCaPem = '', tokenFile = '/nowhere/token.sds.json'): object {
  return compileBootstrap({
    proxy,
    mesh: 'shop',
    xds: { address: '127.0.0.1', port: 18000 },
    xdsCaPem,
    xdsServerId: 'spiffe://shop.example/portcullis',
    tokenFile,
    admin: { address: '127.0.0.1', port: 19000 },
  });
}
