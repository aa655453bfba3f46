#!/usr/bin/env node
import process from 'node:process';
import { run } from './cli/run.ts';
import { createTerminal } from './cli/terminal.ts';
import { VERBS } from './cli/verbs.ts';

// npm runs scripts in the project's folder; people mean paths from where they stand
const standing = process.env.INIT_CWD;
if (process.env.npm_lifecycle_event === 'portcullis' && standing) process.chdir(standing);

// whoever read us has gone: end as if told to, which the demo takes as a reason to clean up
process.stdout.on('error', () => process.kill(process.pid, 'SIGTERM'));

const terminal = createTerminal({ out: process.stdout, err: process.stderr, env: process.env });
process.exitCode = await run(VERBS, { argv: process.argv.slice(2), env: process.env, terminal });
