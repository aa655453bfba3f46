import type { Address } from '../proto/gen/types/envoy/config/core/v3/Address.ts';
import type { SocketAddress } from './proxy.ts';

export function socketAddress({ address, port }: SocketAddress): Address {
  return { socket_address: { address, port_value: port } };
}
