const MAPPED = '::ffff:';

/** The peer's IP address without its port; IPv4 as such, also on a socket that speaks both. */
export function peerAddressOf(call: { getPeer(): string }): string {
  const peer = call.getPeer();
  const colon = peer.lastIndexOf(':');
  const address = colon < 0 ? peer : peer.slice(0, colon);
  return address.startsWith(MAPPED) ? address.slice(MAPPED.length) : address;
}
