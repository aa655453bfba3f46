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

/** Resolves when somebody stops the demo, or when a part of it has ended by itself. */
class Ended {
  readonly promise: Promise<Ending>;
  #resolve: (ending: Ending) => void = () => {};

  constructor() {
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.once(signal, () => this.#resolve({ code: EXIT.ok }));
    }
  }

  fail(why: string): void {
    this.#resolve({ code: EXIT.no, why });
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
    let live = false;
    const narrate = (line: string) => {
      if (!json) terminal.print(terminal.style(`· ${line}`, 'dim'));
    };
    const { path: envoy } = await findEnvoy(input.env);
    const starting = startWorld({
      envoy,
      clock: systemClock,
      narrate,
      onAccessLog(line) {
        const shown = live ? liveLine(terminal, line) : undefined;
        if (shown !== undefined) terminal.print(shown);
      },
      onFailure: (why) => ended.fail(why),
    });
    const stopped = ended.promise.then(() => undefined);
    const world = await Promise.race([starting, stopped]);
    if (!world) {
      // stopped while starting: what is half up goes down again
      await starting.then(({ stop }) => stop()).catch(() => undefined);
      return finish(terminal, await ended.promise);
    }
    try {
      if (json) {
        terminal.print(JSON.stringify(world.ready));
        await recordRunningDemo(world.ready);
        return finish(terminal, await ended.promise);
      }
      const cameTrue = await tellStory(STORY, world, terminal, systemClock);
      if (flag(input, 'once')) return cameTrue ? EXIT.ok : EXIT.no;
      await recordRunningDemo(world.ready);
      whatToTryNext(terminal, world);
      live = true;
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
