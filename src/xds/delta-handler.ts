import { type handleBidiStreamingCall, type ServerDuplexStream, status } from '@grpc/grpc-js';
import { messageOf } from '../lib/errors.ts';
import type { DeltaDiscoveryRequest__Output } from '../proto/gen/types/envoy/service/discovery/v3/DeltaDiscoveryRequest.ts';
import type { ResourceType } from '../proto/resource-types.ts';
import { admit } from './admission.ts';
import { DeltaStream } from './delta-stream.ts';
import { peerAddressOf } from './peer-address.ts';
import type { Refusal } from './refusal.ts';
import type { OpenStream, StreamContext } from './stream-context.ts';

type Call = ServerDuplexStream<DeltaDiscoveryRequest__Output, Buffer>;

/** Finished, cancelled, connection lost: gRPC does not tell them apart reliably. */
const LEFT = 'the client left';

/**
 * Binds gRPC calls of one delta method to streams. A call is, one after the other: waiting for its first request,
 * being admitted (reading is paused), served, ended. Whoever ends it, it ends once.
 */
export function deltaHandler(
  context: StreamContext,
  type: ResourceType | undefined,
): handleBidiStreamingCall<DeltaDiscoveryRequest__Output, Buffer> {
  return (call) => serve(context, type, call);
}

function serve(context: StreamContext, type: ResourceType | undefined, call: Call): void {
  let stream: DeltaStream | undefined;
  let open: OpenStream | undefined;
  let isOver = false;

  const tooLate = context.clock.schedule(context.limits.admissionTimeoutMs, () =>
    refuse({ code: status.DEADLINE_EXCEEDED, details: 'no admissible request in time' }),
  );

  /** Frees all that is kept. The call may still have to be answered. */
  const release = (why: string): boolean => {
    if (isOver) return false;
    isOver = true;
    tooLate.cancel();
    stream?.close();
    if (open) context.closed(open, why);
    return true;
  };
  const refuse = (refusal: Refusal, why = refusal.details) => {
    if (release(why)) call.emit('error', refusal);
  };

  /** An error of ours ends the stream on which it came up, not the server. */
  const fail = (error: unknown) => {
    context.logger.error({ error: messageOf(error) }, 'a stream failed');
    refuse({ code: status.INTERNAL, details: 'internal error' });
  };

  const receive = (request: DeltaDiscoveryRequest__Output) => {
    if (isOver) return;
    try {
      const refusal = stream?.receive(request);
      if (refusal) refuse(refusal);
    } catch (error) {
      fail(error);
    }
  };

  const begin = async (first: DeltaDiscoveryRequest__Output) => {
    call.pause();
    const peerAddress = peerAddressOf(call);
    const admission = await admit(context, { metadata: call.metadata, peerAddress }, first.node);
    if (isOver) return;
    if ('code' in admission) return refuse(admission);
    tooLate.cancel();
    const { info, noncePrefix } = context.identify(admission, peerAddress);
    stream = new DeltaStream({
      ...context,
      info,
      type,
      noncePrefix,
      write: (response, written) => {
        if (!isOver) call.write(response, written);
      },
    });
    open = { info, end: refuse };
    context.opened(open);
    receive(first);
    call.on('data', receive);
    call.resume();
  };

  call.once('data', (first) => {
    begin(first).catch(fail);
  });
  call.on('end', () => {
    if (release(LEFT)) call.end();
  });
  call.on('cancelled', () => release(LEFT));
}
