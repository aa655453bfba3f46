import type { ServerResponse } from 'node:http';
import type { Clock } from '../lib/clock.ts';
import type { EventSource } from './backend.ts';
import type { AdminLimits } from './limits.ts';
import type { EventBody } from './schemas.ts';

export type EventStreamLimits = Pick<AdminLimits, 'maxEventStreams' | 'maxUnreadBytes'>;

/** So that intermediaries keep the connection, and a dead reader is noticed. */
const HEARTBEAT_MS = 15_000;

/** Events as they happen (HTML standard, server-sent events). */
export class EventStreams {
  readonly #limits: EventStreamLimits;
  readonly #clock: Clock;
  #open = 0;

  constructor(limits: EventStreamLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get isFull(): boolean {
    return this.#open >= this.#limits.maxEventStreams;
  }

  /** Sends what came after `after`, then each event as it comes, until either side ends it. */
  serve(response: ServerResponse, source: EventSource, after: number): void {
    this.#open += 1;
    const write = (text: string) => {
      if (response.writableLength > this.#limits.maxUnreadBytes) response.destroy();
      else response.write(text);
    };
    for (const event of source.after(after)) write(messageOf(event));
    const unsubscribe = source.subscribe((event) => write(messageOf(event)));
    let heartbeat = this.#clock.schedule(HEARTBEAT_MS, beat);
    const clock = this.#clock;
    function beat(): void {
      write(':\n\n');
      heartbeat = clock.schedule(HEARTBEAT_MS, beat);
    }
    response.on('close', () => {
      this.#open -= 1;
      heartbeat.cancel();
      unsubscribe();
    });
  }
}

/** JSON has no line breaks of its own, so that nothing in an event can end it early. */
const messageOf = (event: EventBody) =>
  `id: ${event.seq}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
