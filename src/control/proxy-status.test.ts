import { describe, expect, it } from 'vitest';
import { CLUSTER, LISTENER, SECRET } from '../proto/resource-types.ts';
import { createResource, resourceSetOf } from '../xds/resource.ts';
import { ProxyStatusBook } from './proxy-status.ts';

const NODE = 'orders/1';

function book() {
  const status = new ProxyStatusBook();
  status.connected(NODE, 1, '10.0.0.5', 1_000);
  return status;
}

const push = (versions: Record<string, string>, removed: readonly string[] = []) => ({
  versions: new Map(Object.entries(versions)),
  removed,
});

const typesOf = (status: ProxyStatusBook) => status.list(() => undefined)[0]?.types;

describe('the status of a proxy', () => {
  it('is stale after a push, and synced once that push is acknowledged', () => {
    const status = book();
    status.sent(NODE, 1, CLUSTER.typeUrl, 'a', push({ x: 'v1' }));
    expect(typesOf(status)?.CDS).toMatchObject({ state: 'stale', sent: { x: 'v1' }, acked: {} });
    status.acked(NODE, 1, CLUSTER.typeUrl, 'a');
    expect(typesOf(status)?.CDS).toMatchObject({ state: 'synced', acked: { x: 'v1' } });
  });

  it('keeps the reason of a rejection and what was acknowledged before it', () => {
    const status = book();
    status.sent(NODE, 1, CLUSTER.typeUrl, 'a', push({ x: 'v1' }));
    status.acked(NODE, 1, CLUSTER.typeUrl, 'a');
    status.sent(NODE, 1, CLUSTER.typeUrl, 'b', push({ x: 'v2' }));
    status.nacked(NODE, 1, CLUSTER.typeUrl, 'b', 'no such field', 2_000);
    expect(typesOf(status)?.CDS).toEqual({
      state: 'rejected',
      sent: { x: 'v2' },
      acked: { x: 'v1' },
      lastNack: { at: 2_000, versions: { x: 'v2' }, message: 'no such field' },
    });
  });

  it('is synced again, with the rejection still told, when a later push is acknowledged', () => {
    const status = book();
    status.sent(NODE, 1, CLUSTER.typeUrl, 'a', push({ x: 'v1' }));
    status.nacked(NODE, 1, CLUSTER.typeUrl, 'a', 'no', 2_000);
    status.sent(NODE, 1, CLUSTER.typeUrl, 'b', push({ x: 'v2' }));
    status.acked(NODE, 1, CLUSTER.typeUrl, 'b');
    expect(typesOf(status)?.CDS).toMatchObject({ state: 'synced', lastNack: { message: 'no' } });
  });

  it('drops removed resources', () => {
    const status = book();
    status.sent(NODE, 1, CLUSTER.typeUrl, 'a', push({ x: 'v1', y: 'v1' }));
    status.acked(NODE, 1, CLUSTER.typeUrl, 'a');
    status.sent(NODE, 1, CLUSTER.typeUrl, 'b', push({}, ['x']));
    status.acked(NODE, 1, CLUSTER.typeUrl, 'b');
    expect(typesOf(status)?.CDS).toMatchObject({ sent: { y: 'v1' }, acked: { y: 'v1' } });
  });

  it('does not let a late event of an old stream touch the new one', () => {
    const status = book();
    status.connected(NODE, 2, '10.0.0.5', 3_000);
    status.sent(NODE, 1, CLUSTER.typeUrl, 'a', push({ x: 'v1' }));
    status.disconnected(NODE, 1, 4_000);
    expect(status.list(() => undefined)[0]).toMatchObject({ connected: true, since: 3_000, types: {} });
  });

  it('is stale while it should hold something newer than what it acknowledged, or something it was never sent', () => {
    const status = book();
    status.sent(NODE, 1, CLUSTER.typeUrl, 'a', push({ x: 'v1' }));
    status.acked(NODE, 1, CLUSTER.typeUrl, 'a');
    const bytes = Buffer.from('');
    const wanted = resourceSetOf([
      createResource(CLUSTER.typeUrl, 'x', bytes, 'v2'),
      createResource(LISTENER.typeUrl, 'inbound', bytes, 'v1'),
    ]);
    expect(status.list(() => wanted)[0]?.types).toMatchObject({
      CDS: { state: 'stale' },
      LDS: { state: 'stale' },
    });
  });

  it('is synced without a push with what the proxy holds from an earlier stream', () => {
    const status = book();
    const wanted = resourceSetOf([createResource(CLUSTER.typeUrl, 'x', Buffer.from(''), 'v1')], [CLUSTER]);
    status.subscribed(NODE, 1, CLUSTER.typeUrl, new Map([['x', 'v1']]));
    expect(status.list(() => wanted)[0]?.types).toMatchObject({
      CDS: { state: 'synced', sent: {}, acked: { x: 'v1' } },
    });
    expect([status.holds(NODE, ['CDS']), status.ackedVersion(NODE, 'CDS', 'x')]).toEqual([true, 'v1']);
  });

  it('holds a type once one push of it is acknowledged', () => {
    const status = book();
    status.sent(NODE, 1, LISTENER.typeUrl, 'a', push({ inbound: 'v1' }));
    status.acked(NODE, 1, LISTENER.typeUrl, 'a');
    expect(status.holds(NODE, ['LDS', 'SDS'])).toBe(false);
    status.sent(NODE, 1, SECRET.typeUrl, 'b', push({ svid: 's1' }));
    status.acked(NODE, 1, SECRET.typeUrl, 'b');
    expect(status.holds(NODE, ['LDS', 'SDS'])).toBe(true);
  });
});
