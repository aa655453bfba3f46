import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority } from './authority.ts';
import type { Leaf } from './leaf.ts';
import { issueServerCertificate } from './server-certificate.ts';
import { issueSvid, type Svid } from './svid.ts';

/** The handshake checks against the real time of day. */
const now = Date.now();
const HOUR_MS = 3_600_000;

const authorityOf = (trustDomain: string) =>
  createAuthority({ name: 'test', spiffeId: `spiffe://${trustDomain}`, lifetimeMs: 24 * HOUR_MS, now });

const svidOf = (authority: Authority, service: string, at = now) =>
  issueSvid(authority, { spiffeId: `spiffe://${authority.trustDomain}/${service}`, ttlMs: HOUR_MS, now: at });

let mesh: Authority;
let payments: Svid;
let server: Server | undefined;

beforeAll(async () => {
  mesh = await authorityOf('shop.example');
  payments = await svidOf(mesh, 'payments');
});

afterEach(() => {
  server?.close();
  server = undefined;
});

/** Payments asks for a certificate of the mesh and answers with the caller's SPIFFE ID, or why it refuses it. */
async function listen(bundlePem = mesh.certificatePem): Promise<number> {
  server = createServer(
    {
      key: payments.privateKeyPem,
      cert: payments.certificatePem,
      ca: bundlePem,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
    },
    (socket) => {
      const caller = socket.getPeerX509Certificate()?.subjectAltName;
      socket.end(socket.authorized && caller ? caller : String(socket.authorizationError));
    },
  );
  return portOf(server);
}

async function portOf(listening: Server): Promise<number> {
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return (listening.address() as AddressInfo).port;
}

/** What the server answers to a caller that shows `own`; rejects if the caller refuses the server. */
async function call(port: number, own: Leaf | undefined, bundlePem = mesh.certificatePem): Promise<string> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    ca: bundlePem,
    checkServerIdentity: () => undefined,
    ...(own && { cert: own.certificatePem, key: own.privateKeyPem }),
  });
  const answer: Buffer[] = [];
  for await (const chunk of socket) answer.push(chunk);
  return Buffer.concat(answer).toString();
}

describe('two SVIDs of one mesh', () => {
  it('make a mutual TLS connection in which each knows the other', async () => {
    const orders = await svidOf(mesh, 'orders');
    expect(await call(await listen(), orders)).toBe('URI:spiffe://shop.example/orders');
  });

  it('understand each other while an old and a new authority are both trusted', async () => {
    const successor = await authorityOf('shop.example');
    const bundle = mesh.certificatePem + successor.certificatePem;
    const orders = await svidOf(successor, 'orders');
    expect(await call(await listen(bundle), orders, bundle)).toBe('URI:spiffe://shop.example/orders');
  });
});

describe('a server refuses a caller', () => {
  const refusal = async (own: Leaf | undefined, bundlePem?: string) => call(await listen(bundlePem), own);

  it('without a certificate', async () => {
    expect(await refusal(undefined)).toBe('UNABLE_TO_GET_ISSUER_CERT');
  });

  it('of another trust domain', async () => {
    const stranger = await svidOf(await authorityOf('evil.example'), 'orders');
    expect(await refusal(stranger)).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  it('whose certificate an authority of the same name signed, such as that of the xDS port', async () => {
    const impostor = await svidOf(await authorityOf('shop.example'), 'orders');
    expect(await refusal(impostor)).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  it('whose certificate has expired', async () => {
    expect(await refusal(await svidOf(mesh, 'orders', now - 2 * HOUR_MS))).toBe('CERT_HAS_EXPIRED');
  });

  it('whose certificate is not valid yet', async () => {
    expect(await refusal(await svidOf(mesh, 'orders', now + HOUR_MS))).toBe('CERT_NOT_YET_VALID');
  });

  it('that signed a certificate for itself with its own SVID', async () => {
    const orders = await svidOf(mesh, 'orders');
    const forger: Authority = { ...mesh, privateKeyPem: orders.privateKeyPem };
    const forged = await svidOf(forger, 'admin');
    const chain = { ...forged, certificatePem: forged.certificatePem + orders.certificatePem };
    expect(await refusal(chain)).not.toContain('spiffe');
  });

  it('that shows a certificate for servers only', async () => {
    const leaf = await issueServerCertificate(mesh, { hosts: [], ttlMs: HOUR_MS, now });
    expect(await refusal(leaf)).toBe('INVALID_PURPOSE');
  });
});

describe('a caller', () => {
  it('refuses a server of another authority', async () => {
    const other = await authorityOf('shop.example');
    await expect(call(await listen(), undefined, other.certificatePem)).rejects.toMatchObject({
      code: 'SELF_SIGNED_CERT_IN_CHAIN',
    });
  });

  it("knows the xDS port by its host name, with no more than that port's authority", async () => {
    const xds = await authorityOf('shop.example');
    const leaf = await issueServerCertificate(xds, { hosts: ['localhost'], ttlMs: HOUR_MS, now });
    server = createServer({ key: leaf.privateKeyPem, cert: leaf.certificatePem }, (socket) =>
      socket.end('hello'),
    );
    const port = await portOf(server);
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: xds.certificatePem });
    expect(String(await once(socket, 'data'))).toBe('hello');
    socket.destroy();
  });
});
