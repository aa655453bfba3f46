/** The commands of a Markdown text, and what it says that they print. */

export interface ShownCommand {
  readonly commands: string;
  /** `background`: goes on running. `eventually`: its output becomes this. */
  readonly mark: 'background' | 'eventually' | undefined;
  /** The `text` block after it: lines, in which `…` stands for anything, as a line of its own for any lines. */
  readonly output: readonly string[];
}

interface Fence {
  readonly language: string;
  readonly mark: string | undefined;
  readonly body: string;
}

function fencesOf(markdown: string): readonly Fence[] {
  return [...markdown.matchAll(/^```(\w+)(?: (\w+))?\n([\s\S]*?)^```$/gm)].map(
    ([, language = '', mark, body = '']) => ({ language, mark, body }),
  );
}

export function blocksOf(markdown: string, language: string): readonly string[] {
  return fencesOf(markdown)
    .filter((fence) => fence.language === language)
    .map(({ body }) => body);
}

export function shownCommands(markdown: string): readonly ShownCommand[] {
  const fences = fencesOf(markdown);
  return fences.flatMap(({ language, mark, body }, index) => {
    if (language !== 'sh') return [];
    const next = fences[index + 1];
    const output = next?.language === 'text' ? next.body.trimEnd().split('\n') : [];
    return [{ commands: body, mark: mark as ShownCommand['mark'], output }];
  });
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The first line of the shown output that the real output lacks, from the end of the line shown before it on. */
export function firstMissing(shown: readonly string[], real: string): string | undefined {
  let from = 0;
  for (const line of shown.filter((one) => one.trim() !== '' && one !== '…')) {
    const pattern = line.trim().split('…').map(escaped).join('[^\\n]*?').replace(/ {2,}/g, ' +');
    const found = new RegExp(pattern).exec(real.slice(from));
    if (!found) return line;
    from += found.index + found[0].length;
  }
  return undefined;
}
