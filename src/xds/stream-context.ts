import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Admission } from './admission.ts';
import type { ResourceCache } from './cache.ts';
import type { Authenticator, StreamInfo, XdsEvents } from './events.ts';
import type { Limits } from './limits.ts';
import type { Refusal } from './refusal.ts';
import type { RefusalReporter } from './refusal-reporter.ts';
import type { Update } from './update.ts';

/** A stream that the server can end. */
export interface OpenStream {
  readonly info: StreamInfo;
  /** `why` is for the log and the event. */
  readonly end: (refusal: Refusal, why: string) => void;
}

/** What all streams of a server share. */
export interface StreamContext {
  readonly cache: ResourceCache;
  readonly authenticate: Authenticator | undefined;
  readonly events: XdsEvents;
  readonly logger: Logger;
  readonly reportRefusal: RefusalReporter;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly bodyOf: (typeUrl: string, update: Update) => Buffer;
  readonly identify: (
    admission: Admission,
    peerAddress: string,
  ) => { readonly info: StreamInfo; readonly noncePrefix: string };
  readonly opened: (stream: OpenStream) => void;
  readonly closed: (stream: OpenStream, why: string) => void;
}
