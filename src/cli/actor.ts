import { hostname, userInfo } from 'node:os';

/** Who orders something on the command line, for the log of commands: `cli:root@gate`. */
export function cliActor(): string {
  return `cli:${userName()}@${hostname()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '?'); // a container's user need not have a name
  }
}
