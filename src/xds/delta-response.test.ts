import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decode, encode } from '../proto/descriptors.ts';
import type { DeltaDiscoveryResponse__Output } from '../proto/gen/types/envoy/service/discovery/v3/DeltaDiscoveryResponse.ts';
import { CLUSTER } from '../proto/resource-types.ts';
import { encodeBody, splitUpdate, withNonce } from './delta-response.ts';
import { createResource } from './resource.ts';
import type { Update } from './update.ts';

const MESSAGE = 'envoy.service.discovery.v3.DeltaDiscoveryResponse';

const text = fc.string({ unit: 'grapheme', maxLength: 200 });
const resource = fc.record({ name: text, version: text }).map(({ name, version }) => {
  const bytes = encode(CLUSTER.message, { name });
  return createResource(CLUSTER.typeUrl, name, bytes, version);
});
const update: fc.Arbitrary<Update> = fc.record({ resources: fc.array(resource), removed: fc.array(text) });

test('the framing made by hand is what the generated decoder reads', () => {
  fc.assert(
    fc.property(update, text, text, (told, nonce, controlPlane) => {
      const bytes = withNonce(encodeBody(CLUSTER.typeUrl, told, controlPlane), nonce);
      const read = decode<DeltaDiscoveryResponse__Output>(MESSAGE, bytes);
      expect(read.type_url).toBe(CLUSTER.typeUrl);
      expect(read.nonce).toBe(nonce);
      expect(read.control_plane?.identifier).toBe(controlPlane);
      expect(read.removed_resources ?? []).toEqual(told.removed);
      expect(read.resources ?? []).toEqual(
        told.resources.map(({ name, version, bytes }) => ({
          name,
          version,
          resource: { '@type': CLUSTER.typeUrl, ...decode(CLUSTER.message, bytes) },
        })),
      );
    }),
  );
});

test.each([127, 128, 16_383, 16_384, 2_097_152])('a name of %i bytes is framed as well', (length) => {
  const name = 'x'.repeat(length);
  const told = { resources: [createResource(CLUSTER.typeUrl, name, Buffer.alloc(0))], removed: [name] };
  const read = decode<DeltaDiscoveryResponse__Output>(MESSAGE, encodeBody(CLUSTER.typeUrl, told, 'here'));
  expect(read.resources?.[0]?.name === name && read.removed_resources?.[0] === name).toBe(true);
});

test('rule 61: an update is cut into responses of bounded size, with nothing lost or sent twice', () => {
  const maxBytes = 2_000;
  fc.assert(
    fc.property(
      fc.array(fc.nat(3_000), { maxLength: 30 }),
      fc.array(fc.constant('gone')),
      (sizes, removed) => {
        const resources = sizes.map((size, i) => createResource('t', `r${i}`, Buffer.alloc(size), 'v'));
        const parts = splitUpdate({ resources, removed }, maxBytes);
        expect(parts.flatMap((part) => part.resources)).toEqual(resources);
        expect(parts.flatMap((part) => part.removed)).toEqual(removed);
        for (const part of parts) {
          const isAlone = part.resources.length <= 1;
          expect(isAlone || encodeBody('t', part, '').length <= maxBytes).toBe(true);
        }
      },
    ),
  );
});

test('an update that fits stays the same object, so that its encoding can be shared', () => {
  const told: Update = { resources: [createResource('t', 'a', Buffer.alloc(9), 'v')], removed: ['b'] };
  expect(splitUpdate(told, 2_000)[0]).toBe(told);
});
