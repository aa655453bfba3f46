/** Everything of the Envoy API that the control plane names must be in the compiled descriptor set. */
import { describe, expect, it } from 'vitest';
import { decode, encode, serviceDefinition } from '../src/proto/descriptors.ts';
import { RESOURCE_TYPES } from '../src/proto/resource-types.ts';
import { DISCOVERY_SERVICES } from '../src/xds/services.ts';

const DISCOVERY = 'envoy.service.discovery.v3';

/** The smallest resource of each type that says something, as it comes back. */
const SAMPLES: Readonly<Record<string, object>> = {
  LDS: { name: 'inbound', stat_prefix: 'in' },
  CDS: { name: 'out|orders|http', alt_stat_name: 'orders' },
  EDS: { cluster_name: 'out|orders|http', policy: { drop_overloads: [{ category: 'all' }] } },
  RDS: { name: 'outbound', max_direct_response_body_size_bytes: { value: 4096 } },
  ECDS: {
    name: 'jwt',
    typed_config: { '@type': 'type.googleapis.com/google.protobuf.UInt32Value', value: 7 },
  },
  SDS: { name: 'svid', tls_certificate: { private_key: { inline_bytes: Buffer.from('key') } } },
};

describe('the compiled Envoy API', () => {
  it.each(RESOURCE_TYPES)('encodes and decodes what $api delivers', ({ api, message }) => {
    const sample = SAMPLES[api] as object;
    const bytes = encode(message, sample);
    expect(bytes.length).toBeGreaterThan(0);
    expect(decode(message, bytes)).toMatchObject(sample);
  });

  it('writes field names, big numbers and enum values as the generated types say', () => {
    const message = 'envoy.config.core.v3.SocketAddress';
    expect(decode(message, encode(message, { protocol: 'UDP', port_value: 53 }))).toMatchObject({
      protocol: 'UDP',
      port_value: 53,
    });
    const integers = 'google.protobuf.Int64Value';
    expect(decode(integers, encode(integers, { value: '9007199254740993' }))).toMatchObject({
      value: '9007199254740993',
    });
  });

  it.each(DISCOVERY_SERVICES)('has $service with its method $delta', ({ service, delta }) => {
    expect(serviceDefinition(service)).toHaveProperty(delta);
  });

  it.each(['DiscoveryRequest', 'DiscoveryResponse', 'DeltaDiscoveryRequest', 'DeltaDiscoveryResponse'])(
    'carries a nonce in %s',
    (message) => {
      const name = `${DISCOVERY}.${message}`;
      const nonce = message.endsWith('Request') ? { response_nonce: 'n1' } : { nonce: 'n1' };
      expect(decode(name, encode(name, nonce))).toMatchObject(nonce);
    },
  );

  it('says what to do about a message that it does not have', () => {
    expect(() => encode('envoy.config.nothing.v3.Nothing', {})).toThrow('protos/envoy-api.json');
    expect(() => serviceDefinition('envoy.config.cluster.v3.Cluster')).toThrow('is no service');
  });
});
