/**
 * Somebody who knows nothing of this project points a stock Envoy, with a bootstrap written by hand, at the xDS
 * endpoint. That is all of what a control plane promises.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encode } from '../../src/proto/descriptors.ts';
import {
  CLUSTER,
  ENDPOINTS,
  LISTENER,
  type ResourceType,
  ROUTE,
  typeUrlOf,
} from '../../src/proto/resource-types.ts';
import { createResource, type Resource, resourceSetOf } from '../../src/xds/resource.ts';
import { type RunningEnvoy, startEnvoy } from '../support/running-envoy.ts';
import { startXds, type XdsUnderTest } from '../support/xds-under-test.ts';

const ADS = { ads: {}, resource_api_version: 'V3' };
const HCM = typeUrlOf('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager');
const ROUTER = typeUrlOf('envoy.extensions.filters.http.router.v3.Router');
const HTTP_OPTIONS = typeUrlOf('envoy.extensions.upstreams.http.v3.HttpProtocolOptions');

const make = (type: ResourceType, name: string, message: object): Resource =>
  createResource(type.typeUrl, name, encode(type.message, message));
const loopback = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });
const reachedAt = (port: number) => [{ lb_endpoints: [{ endpoint: { address: loopback(port) } }] }];

const cluster = (connectTimeoutSeconds: number) =>
  make(CLUSTER, 'app', {
    name: 'app',
    type: 'EDS',
    connect_timeout: { seconds: connectTimeoutSeconds },
    eds_cluster_config: { eds_config: ADS, service_name: 'endpoints-of-app' },
  });
const endpoints = (port: number) =>
  make(ENDPOINTS, 'endpoints-of-app', { cluster_name: 'endpoints-of-app', endpoints: reachedAt(port) });
const route = (prefix: string) =>
  make(ROUTE, 'routes', {
    name: 'routes',
    virtual_hosts: [
      { name: 'all', domains: ['*'], routes: [{ match: { prefix }, route: { cluster: 'app' } }] },
    ],
  });
const listener = make(LISTENER, 'front', {
  name: 'front',
  // Port 0: Envoy takes a free one, and its admin interface says which.
  address: loopback(0),
  filter_chains: [
    {
      filters: [
        {
          name: 'http',
          typed_config: {
            '@type': HCM,
            stat_prefix: 'front',
            rds: { config_source: ADS, route_config_name: 'routes' },
            http_filters: [{ name: 'router', typed_config: { '@type': ROUTER } }],
          },
        },
      ],
    },
  ],
});

const bootstrap = (xdsPort: number) => ({
  node: { id: 'stranger', cluster: 'strangers' },
  dynamic_resources: {
    ads_config: {
      api_type: 'DELTA_GRPC',
      transport_api_version: 'V3',
      grpc_services: [{ envoy_grpc: { cluster_name: 'control-plane' } }],
    },
    cds_config: ADS,
    lds_config: ADS,
  },
  static_resources: {
    clusters: [
      {
        name: 'control-plane',
        type: 'STATIC',
        typed_extension_protocol_options: {
          'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
            '@type': HTTP_OPTIONS,
            explicit_http_config: { http2_protocol_options: {} },
          },
        },
        load_assignment: { cluster_name: 'control-plane', endpoints: reachedAt(xdsPort) },
      },
    ],
  },
});

/** An app that answers everything with its name. */
async function startApp(name: string): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer((_, response) => response.end(name));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

let xds: XdsUnderTest;
let envoy: RunningEnvoy;
let apps: Awaited<ReturnType<typeof startApp>>[];

const serve = (...resources: Resource[]) => xds.cache.set('stranger', resourceSetOf(resources));
const appPort = (index: number) => apps[index]?.port ?? 0;

/** What the Envoy's listener answers, in short. */
async function call(path = '/'): Promise<string> {
  const port = await envoy.listenerPort('front');
  if (port === undefined) return 'nobody listens';
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return `${response.status} ${await response.text()}`;
}

const soon = { timeout: 10_000, interval: 50 };

beforeAll(async () => {
  [xds, ...apps] = await Promise.all([startXds(), startApp('first'), startApp('second')]);
  envoy = await startEnvoy(bootstrap(xds.port));
});

afterAll(async () => {
  await envoy?.stop();
  await xds?.close();
  for (const { server } of apps ?? []) server.close();
});

test("a stranger's hand-written bootstrap pointed at the endpoint gets its configuration", async () => {
  await xds.logged('connected stranger');
  serve(cluster(1), endpoints(appPort(0)), listener, route('/'));
  await expect.poll(() => call(), soon).toBe('200 first');
  expect(xds.log.filter((entry) => entry.startsWith('nacked'))).toEqual([]);
});

test('a change of endpoints reaches the traffic', async () => {
  serve(cluster(1), endpoints(appPort(1)), listener, route('/'));
  await expect.poll(() => call(), soon).toBe('200 second');
});

test('rule 39: a changed cluster is in use at once, though its endpoints did not change', async () => {
  serve(cluster(2), endpoints(appPort(1)), listener, route('/'));
  // Shorter than the 15 s for which Envoy would wait for endpoints.
  const active = () => envoy.admin('/config_dump?resource=dynamic_active_clusters');
  await expect.poll(async () => JSON.stringify(await active()), soon).toContain('"connect_timeout":"2s"');
  expect(await call()).toBe('200 second');
});

test('what Envoy refuses is reported with its reason, and the rest goes on', async () => {
  const broken = make(ROUTE, 'routes', { name: 'routes', virtual_hosts: [{ name: 'no-domains' }] });
  serve(cluster(2), endpoints(appPort(1)), listener, broken);
  expect(await xds.logged('nacked RDS')).toContain('VirtualHost');
  expect(await call()).toBe('200 second');
  serve(cluster(2), endpoints(appPort(0)), listener, route('/only'));
  await expect.poll(() => call('/only'), soon).toBe('200 first');
  expect(await call('/')).toMatch(/^404/);
});

test('a stream that is ended comes back, and nothing is sent that Envoy has', async () => {
  const before = xds.log.length;
  xds.server.endStreams(() => true, 'to see it come back');
  await expect.poll(() => xds.log.slice(before), soon).toContain('acked RDS');
  const sent = xds.log.slice(before).filter((entry) => entry.startsWith('sent'));
  expect(sent).toEqual(['sent CDS +0 -0', 'sent EDS +0 -0', 'sent LDS +0 -0', 'sent RDS +0 -0']);
  expect(await call('/only')).toBe('200 first');
});

test('what is removed is gone', async () => {
  serve();
  await expect.poll(() => call().catch(() => 'nobody listens'), soon).toBe('nobody listens');
});
