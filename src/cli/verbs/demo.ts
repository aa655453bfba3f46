import { systemClock } from '../../lib/clock.ts';
import { liveLine } from '../demo/live-view.ts';
import { STORY } from '../demo/story.ts';
import { tellStory } from '../demo/tell-story.ts';
import { type DemoWorld, startWorld } from '../demo/world.ts';
import { findEnvoy } from '../envoy-binary.ts';
import { forgetRunningDemo, recordRunningDemo } from '../running-demo.ts';
import type { Terminal } from '../terminal.ts';
import { EXIT, type ExitCode, flag, UsageError, type Verb } from '../verb.ts';

function whatToTryNext(terminal: Terminal, { ready, folder }: DemoWorld): void {
  const command = (text: string) => `  ${terminal.style(text, 'cyan')}`;
  terminal.print('');
  terminal.print(terminal.style('The mesh stays up. In another terminal, in this folder:', 'bold'));
  terminal.print(command('npm run -s portcullis -- call orders GET http://payments/payments/7'));
  terminal.print(command('npm run -s portcullis -- call shipping GET http://orders/orders/7/payment'));
  terminal.print(
    command('npm run -s portcullis -- can --from shipping --to orders GET /orders/7/payment --fix'),
  );
  terminal.print(command('npm run -s portcullis -- status'));
  terminal.print(command(`curl ${ready.gateway}/products/1`));
  terminal.print(`Edit ${ready.mesh} and call again. Logs are in ${folder}/logs. Ctrl-C stops everything.`);
  terminal.print('');
  terminal.print(terminal.style('Calls as they happen:', 'bold'));
}

interface Ending {
  readonly code: ExitCode;
  readonly why?: string;
}

/** Comes about when somebody stops the demo, or when a part of it has ended by itself. */
class Ended {
  readonly promise: Promise<Ending>;
  readonly #stop = new AbortController();
  #resolve: (ending: Ending) => void = () => {};

  constructor() {
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      // impatient people send a second one; it must not cut off the cleaning up after the first
      process.on(signal, () => this.#end({ code: EXIT.ok }));
    }
  }

  /** Aborted once it has ended. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  fail(why: string): void {
    this.#end({ code: EXIT.no, why });
  }

  #end(ending: Ending): void {
    this.#resolve(ending);
    this.#stop.abort();
  }
}

export const demo: Verb = {
  positionals: [],
  usage: 'demo [--once | --json]',
  details: `Starts the control plane, four small HTTP services, a stock Envoy beside each and a gateway, as native
processes on loopback, tells what the mesh allows and denies by real calls, then stays up and shows calls as they
happen. It works on a copy of the shop's document and prints where that is.

  npm run demo`,
  options: {
    once: { type: 'boolean', help: 'tell the story, stop everything, exit 0 if all of it came true' },
    json: { type: 'boolean', help: 'print one line of JSON when the mesh is up, and keep running' },
  },
  async run(input) {
    const { terminal } = input;
    const json = flag(input, 'json');
    if (json && flag(input, 'once'))
      throw new UsageError('--once tells the story, --json does not: choose one');
    const ended = new Ended();
    let liveSince = Number.POSITIVE_INFINITY;
    const narrate = (line: string) => {
      if (!json) terminal.print(terminal.style(`· ${line}`, 'dim'));
    };
    const { path: envoy, passedOver } = await findEnvoy(input.env);
    if (passedOver !== undefined) narrate(passedOver);
    const world = await startWorld({
      envoy,
      clock: systemClock,
      narrate,
      onAccessLog(line) {
        const shown = liveLine(terminal, line, liveSince);
        if (shown !== undefined) terminal.print(shown);
      },
      onFailure: (why) => ended.fail(why),
      signal: ended.signal,
    }).catch((error: unknown) => {
      if (!ended.signal.aborted) throw error;
    });
    if (!world) return finish(terminal, await ended.promise);
    try {
      if (!json) {
        const story = tellStory(STORY, world, terminal, systemClock, ended.signal);
        const cameTrue = await Promise.race([story, ended.promise.then(() => undefined)]);
        if (cameTrue !== undefined && flag(input, 'once')) return cameTrue ? EXIT.ok : EXIT.no;
      }
      if (!ended.signal.aborted) {
        await recordRunningDemo(world.ready);
        if (json) terminal.print(JSON.stringify(world.ready));
        else whatToTryNext(terminal, world);
        if (!json) liveSince = systemClock.now();
      }
      return finish(terminal, await ended.promise);
    } finally {
      forgetRunningDemo();
      await world.stop();
    }
  },
};

function finish(terminal: Terminal, { code, why }: Ending): ExitCode {
  if (why !== undefined) terminal.complain(terminal.style(why, 'red'));
  return code;
}
