import type { z } from 'zod';
import { type DocumentEntry, documentSchema, groupSchema } from './document-schema.ts';
import { type GatewayEntry, gatewaySchema } from './gateway-schema.ts';
import { type Located, nodeAt } from './located.ts';
import type { Position } from './mesh.ts';
import { type PolicyEntry, policySchema } from './policy-schema.ts';
import { type Salvaged, salvage } from './salvage.ts';
import { type ServiceEntry, serviceSchema } from './service-schema.ts';
import { type SettingsEntry, settingsSchema } from './settings-schema.ts';
import { type TestEntry, testSchema } from './test-schema.ts';

/** A service, gateway, group, policy or test as written. */
export interface Drafted<Entry> {
  /** The name, or the index of an item of a list. */
  readonly key: string;
  readonly keyPosition: Position;
  readonly node: Located;
  /** undefined: the schema already said what is wrong with it. */
  readonly entry: Entry | undefined;
  /** The same, or what is sound of it. */
  readonly parts: Salvaged<Entry> | undefined;
}

/**
 * The document between schema and cross checks. The checks read the sound parts while others are broken, and a broken
 * service still counts as a name.
 */
export interface Draft {
  readonly root: Located;
  readonly trustDomain: string | undefined;
  readonly defaults: Salvaged<SettingsEntry> | undefined;
  readonly services: ReadonlyMap<string, Drafted<ServiceEntry>>;
  readonly gateways: ReadonlyMap<string, Drafted<GatewayEntry>>;
  readonly groups: ReadonlyMap<string, Drafted<readonly string[]>>;
  readonly policies: readonly Drafted<PolicyEntry>[];
  readonly tests: readonly Drafted<TestEntry>[];
}

export function draftOf(root: Located): Draft {
  return {
    root,
    trustDomain: sound(documentSchema.shape.trustDomain, root.entries.get('trustDomain')?.node),
    defaults: salvage(settingsSchema, root.entries.get('defaults')?.node.data),
    services: new Map(drafted(root, 'services', serviceSchema)),
    gateways: new Map(drafted(root, 'gateways', gatewaySchema)),
    groups: new Map(drafted(root, 'groups', groupSchema)),
    policies: drafted(root, 'policies', policySchema).map(([, policy]) => policy),
    tests: drafted(root, 'tests', testSchema).map(([, test]) => test),
  };
}

function drafted<Schema extends z.ZodType>(root: Located, section: keyof DocumentEntry, schema: Schema) {
  const entries = root.entries.get(section)?.node.entries ?? new Map<string, never>();
  return Array.from(entries, ([key, { keyPosition, node }]): [string, Drafted<z.output<Schema>>] => {
    const entry = sound(schema, node);
    const parts = (entry ?? salvage(schema, node.data)) as Salvaged<z.output<Schema>> | undefined;
    return [key, { key, keyPosition, node, entry, parts }];
  });
}

function sound<Schema extends z.ZodType>(
  schema: Schema,
  node: Located | undefined,
): z.output<Schema> | undefined {
  return node && schema.safeParse(node.data).data;
}

/** The name of a policy, even of a broken one. */
export function policyNameOf({ node }: Drafted<PolicyEntry>): string | undefined {
  const { data } = nodeAt(node, 'name');
  return typeof data === 'string' ? data : undefined;
}
