import { describe, expect, it } from 'vitest';
import { decode, encode } from '../proto/descriptors.ts';
import type { Secret__Output } from '../proto/gen/types/envoy/extensions/transport_sockets/tls/v3/Secret.ts';
import { SECRET } from '../proto/resource-types.ts';
import { gatewayCertificate, secretsOf } from './secrets.ts';

const svid = {
  spiffeId: 'spiffe://shop.example/orders',
  serial: '4f'.repeat(16),
  certificatePem: 'certificate',
  privateKeyPem: 'key',
  issuedAt: 0,
  notBefore: 0,
  notAfter: 0,
};

describe('secrets of a proxy', () => {
  it("are its certificate with key and the trust bundle, inline, and survive Envoy's encoding", () => {
    const decoded = secretsOf(svid, 'bundle').map(({ typeUrl, name, message }) => {
      expect(typeUrl).toBe(SECRET.typeUrl);
      expect(message.name).toBe(name);
      return decode<Secret__Output>(SECRET.message, encode(SECRET.message, message));
    });
    expect(decoded).toMatchObject([
      {
        name: 'svid',
        tls_certificate: {
          certificate_chain: { inline_string: 'certificate' },
          private_key: { inline_string: 'key' },
        },
      },
      { name: 'trust-bundle', validation_context: { trusted_ca: { inline_string: 'bundle' } } },
    ]);
  });

  it('hold no content of a certificate that only the proxy itself has, but its version', () => {
    const { certificatePem: _, privateKeyPem: __, ...held } = svid;
    const [own, bundle] = secretsOf(held, 'bundle');
    expect([own?.version, own?.message]).toEqual([svid.serial, { name: 'svid' }]);
    expect(bundle).toEqual(secretsOf(svid, 'bundle')[1]);
  });

  it('change version alone: the certificate by its serial number, the bundle by its content', () => {
    const versions = (serial: string, bundle: string) =>
      secretsOf({ ...svid, serial }, bundle).map(({ version }) => version);
    const [own, bundle] = versions('41', 'a');
    expect(own).toBe('41');
    expect(versions('42', 'a')).toEqual(['42', bundle]);
    expect(versions('41', 'b')[0]).toBe('41');
    expect(versions('41', 'b')[1]).not.toBe(bundle);
  });
});

describe("a gateway's certificate", () => {
  it('goes by the name that its listener refers to and changes version with either part', () => {
    const { name, version, message } = gatewayCertificate('gateway-certificate|edge|443', 'ab', 'c');
    expect([name, message.name]).toEqual(['gateway-certificate|edge|443', 'gateway-certificate|edge|443']);
    expect(gatewayCertificate(name, 'ab', 'c').version).toBe(version);
    expect(gatewayCertificate(name, 'ab', 'd').version).not.toBe(version);
    expect(gatewayCertificate(name, 'a', 'bc').version).not.toBe(version);
  });
});
