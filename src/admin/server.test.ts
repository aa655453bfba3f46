import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../lib/logger.ts';
import { type AdminServer, startAdminServer } from './server.ts';

const TOKEN = 'a-token-for-this-test';
let server: AdminServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function start(ready = true): Promise<AdminServer> {
  const view = { ready: () => ready, status: () => ({ proxies: [] }) };
  server = await startAdminServer({ host: '127.0.0.1', port: 0, token: TOKEN, view, logger: silentLogger });
  return server;
}

function get(url: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const call = request(url, { method, headers }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    call.on('error', reject);
    call.end();
  });
}

const authorised = { authorization: `Bearer ${TOKEN}` };

describe('the API of a running server', () => {
  it('answers health without a token, and says when it is not ready', async () => {
    expect((await get(`${(await start()).url}/health`)).status).toBe(200);
    await server?.close();
    expect((await get(`${(await start(false)).url}/health`)).status).toBe(503);
  });

  it('gives status to the bearer of the token only', async () => {
    const { url } = await start();
    expect((await get(`${url}/status`)).status).toBe(401);
    expect((await get(`${url}/status`, { authorization: 'Bearer wrong' })).status).toBe(401);
    expect(await get(`${url}/status`, authorised)).toEqual({ status: 200, body: '{"proxies":[]}\n' });
  });

  it('refuses a Host that is not its own, with or without the token', async () => {
    const { url } = await start();
    expect((await get(`${url}/status`, { ...authorised, host: 'rebound.example' })).status).toBe(421);
    expect((await get(`${url}/health`, { host: 'rebound.example' })).status).toBe(421);
  });

  it('knows neither other paths nor other methods', async () => {
    const { url } = await start();
    expect((await get(`${url}/nothing`, authorised)).status).toBe(404);
    expect((await get(`${url}/status`, authorised, 'POST')).status).toBe(405);
  });

  it('says who holds a port that is in use', async () => {
    const { url } = await start();
    const port = Number(new URL(url).port);
    const view = { ready: () => true, status: () => ({}) };
    const second = startAdminServer({ host: '127.0.0.1', port, token: TOKEN, view, logger: silentLogger });
    await expect(second).rejects.toThrow(
      `the API cannot listen on 127.0.0.1:${port}: another process listens there`,
    );
  });
});
