import { describe, expect, it } from 'vitest';
import type { ServerStatus } from './server-status.ts';
import { isHealthy, statusLines } from './status-text.ts';

const NOW = 1_000_000_000;
const SYNCED = { sent: { x: '1' }, acked: { x: '1' }, lastNack: undefined, state: 'synced' } as const;

const GOOD: ServerStatus = {
  document: {
    path: 'mesh.yaml',
    inForce: { mesh: 'shop', revision: 3, digest: 'd', since: NOW - 90_000 },
    problem: undefined,
  },
  proxies: [
    {
      node: 'orders/1',
      connected: true,
      since: NOW - 5_000,
      peerAddress: '10.0.0.5',
      types: { CDS: SYNCED, LDS: SYNCED },
      svid: { serial: '4a', notAfter: NOW + 86_000_000 },
    },
  ],
  endpoints: { orders: ['10.0.0.5:15006'] },
  instances: [],
  isFrozen: false,
  refusals: [],
  gatewayCertificates: {},
};

const plain = { style: (text: string) => text };
const linesOf = (change: Partial<ServerStatus> = {}) => statusLines(plain, { ...GOOD, ...change }, NOW);

describe('status', () => {
  it('shows the document, and each proxy with its types and its certificate', () => {
    expect(linesOf()).toEqual([
      'mesh "shop", revision 3, in force for 90s: mesh.yaml',
      '',
      'PROXY     STREAM            CDS     EDS  SDS  LDS     RDS  CERTIFICATE',
      'orders/1  connected for 5s  synced  -    -    synced  -    good for 23h',
    ]);
    expect(isHealthy(GOOD)).toBe(true);
  });

  it('says nothing of the types of a proxy that is gone, which is no fault of the mesh', () => {
    const [proxy] = GOOD.proxies;
    const gone = { ...(proxy as (typeof GOOD.proxies)[number]), connected: false };
    expect(linesOf({ proxies: [gone] }).at(-1)).toBe(
      'orders/1  gone for 5s  -    -    -    -    -    good for 23h',
    );
    expect(isHealthy({ ...GOOD, proxies: [gone] })).toBe(true);
  });

  it.each<[string, Partial<ServerStatus>, string]>([
    [
      'a document that is refused',
      { document: { ...GOOD.document, problem: { since: 0, violations: ['mesh.yaml:1:1: no'] } } },
      'mesh.yaml:1:1: no',
    ],
    [
      'an Envoy that rejects its configuration',
      {
        proxies: GOOD.proxies.map((proxy) => ({
          ...proxy,
          types: {
            LDS: {
              ...SYNCED,
              state: 'rejected',
              lastNack: { at: NOW - 1_000, versions: { inbound: '2' }, message: 'no such\nfield' },
            },
          },
        })),
      },
      'orders/1 rejected LDS inbound 1s ago:',
    ],
    [
      'an instance that is not proven',
      {
        instances: [
          {
            node: 'orders/1',
            service: 'orders',
            address: '10.0.0.5',
            port: 1,
            state: 'proving',
            problem: '10.0.0.5:1 does not answer',
          },
        ],
      },
      'orders/1 is no endpoint yet: 10.0.0.5:1 does not answer',
    ],
    ['a presence that is frozen', { isFrozen: true }, 'none is removed from the endpoints'],
    ['a bad gateway certificate', { gatewayCertificates: { edge: 'no such file' } }, 'edge cannot be used'],
  ])('shows %s, and is not healthy', (_what, change, line) => {
    expect(linesOf(change).join('\n')).toContain(line);
    expect(isHealthy({ ...GOOD, ...change })).toBe(false);
  });

  it('shows refused joins with their reasons, and nothing in them can move the cursor', () => {
    const refusal = {
      nodeId: 'evil\u001b[2J',
      peerAddress: '10.0.0.9',
      why: 'the token has expired',
      at: NOW - 60_000,
      count: 1,
    };
    const [, heading, row] = linesOf({ refusals: [refusal] }).slice(-3);
    expect(heading).toBe('refused joins, newest last:');
    expect(row).toBe('  60s ago  evil\ufffd[2J  10.0.0.9  the token has expired');
    expect(linesOf({ refusals: [{ ...refusal, count: 7 }] }).at(-1)).toMatch(/expired \(7 times\)$/);
  });
});
