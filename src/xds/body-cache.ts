import { encodeBody } from './delta-response.ts';
import type { Update } from './update.ts';

/**
 * Encodes each update once for all the streams that are told it at about the same time. What it made is held weakly:
 * after a push nobody needs it, and it is as large as the resources.
 */
export function createBodyCache(controlPlaneId: string): (typeUrl: string, update: Update) => Buffer {
  const made = new WeakMap<Update, WeakRef<Buffer>>();
  return (typeUrl, update) => {
    const known = made.get(update)?.deref();
    if (known) return known;
    const body = encodeBody(typeUrl, update, controlPlaneId);
    // An update without resources may belong to several types.
    if (update.resources.length > 0) made.set(update, new WeakRef(body));
    return body;
  };
}
