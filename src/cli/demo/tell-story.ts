import type { Clock } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import { printable, type Terminal } from '../terminal.ts';
import type { Chapter, Step, StepResult } from './story.ts';
import type { DemoWorld } from './world.ts';

async function outcomeOf(step: Step, world: DemoWorld, clock: Clock): Promise<StepResult> {
  try {
    return await step.run(world, clock);
  } catch (error) {
    return { passed: false, outcome: messageOf(error) };
  }
}

/** Runs every step until told to stop, and prints what came of it. Whether all came out as expected. */
export async function tellStory(
  story: readonly Chapter[],
  world: DemoWorld,
  terminal: Terminal,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  let cameTrue = true;
  for (const chapter of story) {
    terminal.print('');
    terminal.print(terminal.style(chapter.title, 'bold'));
    for (const step of chapter.steps) {
      const { passed, outcome, notes } = await outcomeOf(step, world, clock);
      if (signal.aborted) return false;
      const mark = passed ? terminal.style('✓', 'green') : terminal.style('✗', 'red');
      terminal.print(
        ` ${mark} ${step.title}: ${terminal.style(printable(outcome), passed ? 'bold' : 'red')}`,
      );
      for (const note of notes ?? []) terminal.print(terminal.style(`     ${note}`, 'dim'));
      cameTrue &&= passed;
    }
  }
  return cameTrue;
}
