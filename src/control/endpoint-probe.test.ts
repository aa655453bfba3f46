import { X509Certificate } from 'node:crypto';
import { type AddressInfo, createServer as createPlainServer } from 'node:net';
import { createServer } from 'node:tls';
import { afterEach, expect, it } from 'vitest';
import { selfSigned } from '../../test/support/self-signed.ts';
import { probeByTls } from './endpoint-probe.ts';

let close: () => void = () => {};

afterEach(() => close());

async function tlsServer() {
  const { certificate, key } = await selfSigned();
  const server = createServer({ cert: certificate, key, requestCert: true, rejectUnauthorized: true });
  server.on('tlsClientError', () => {}); // the probe has no certificate and leaves at once
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close = () => server.close();
  const { port } = server.address() as AddressInfo;
  return { address: '127.0.0.1', port, serial: new X509Certificate(certificate).serialNumber.toLowerCase() };
}

it('a listener that shows the certificate issued to it is proven, although it asks for a client certificate', async () => {
  expect(await probeByTls(await tlsServer())).toEqual({ ok: true });
});

it('a listener that shows another certificate is not', async () => {
  const target = { ...(await tlsServer()), serial: '0123456789abcdef' };
  expect(await probeByTls(target)).toEqual({
    ok: false,
    why: expect.stringContaining('another certificate'),
  });
});

it('a port that nobody listens on is not', async () => {
  const target = await tlsServer();
  close();
  expect(await probeByTls(target)).toEqual({ ok: false, why: expect.stringContaining('cannot be reached') });
});

it('something that does not speak TLS is not', async () => {
  const server = createPlainServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close = () => server.close();
  const { port } = server.address() as AddressInfo;
  const result = await probeByTls({ address: '127.0.0.1', port, serial: '01' });
  expect(result).toEqual({ ok: false, why: expect.stringContaining(`127.0.0.1:${port}`) });
});
