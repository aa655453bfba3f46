import { messageOf } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import type { XdsEvents } from './events.ts';

/** The same events with the receiver's failures logged: an error in one may harm no stream. */
export function guarded(events: XdsEvents, logger: Logger): XdsEvents {
  return Object.fromEntries(
    Object.entries(events).map(([name, receive]) => [
      name,
      (...args: never[]) => {
        try {
          (receive as (...args: never[]) => void)(...args);
        } catch (error) {
          logger.error({ event: name, error: messageOf(error) }, 'the receiver of an event failed');
        }
      },
    ]),
  );
}
