import { BlockList, isIP } from 'node:net';

/** Says whether an IP address lies in the range; anything that is no address does not. */
export type AddressRange = (address: string) => boolean;

/** Reads `10.0.0.0/8` or `fd00::/8`; undefined if it is anything else. */
export function parseAddressRange(cidr: string): AddressRange | undefined {
  const [, network = '', bits = ''] = /^([0-9a-fA-F.:]{2,45})\/(\d{1,3})$/.exec(cidr) ?? [];
  const version = isIP(network);
  if (version === 0 || Number(bits) > (version === 4 ? 32 : 128)) return undefined;
  const range = new BlockList();
  range.addSubnet(network, Number(bits), family(version));
  return (address) => isIP(address) !== 0 && range.check(address, family(isIP(address)));
}

const family = (version: number) => (version === 4 ? 'ipv4' : 'ipv6');
