import type { VerbEntry } from './verb.ts';

/** In the order in which a newcomer meets them. */
export const VERBS: readonly VerbEntry[] = [
  {
    name: 'demo',
    summary: 'run the shop on this machine and tell its story: allowed, denied, attacked, edited',
    load: async () => (await import('./verbs/demo.ts')).demo,
  },
  {
    name: 'call',
    summary: 'make a request as a service of the running demo',
    load: async () => (await import('./verbs/call.ts')).call,
  },
  {
    name: 'can',
    summary: 'ask whether a call is allowed, why, and what would allow it',
    load: async () => (await import('./verbs/can.ts')).can,
  },
  {
    name: 'new',
    summary: 'write a mesh of two services to start from',
    load: async () => (await import('./verbs/new.ts')).newMesh,
  },
  {
    name: 'validate',
    summary: 'check a document and report everything that is wrong with it',
    load: async () => (await import('./verbs/validate.ts')).validate,
  },
  {
    name: 'test',
    summary: "run the document's tests: who may do what, and why",
    load: async () => (await import('./verbs/test.ts')).test,
  },
  {
    name: 'serve',
    summary: 'run the control plane for a document',
    load: async () => (await import('./verbs/serve.ts')).serve,
  },
  {
    name: 'token create',
    alias: 'token',
    summary: 'make the join token with which a sidecar proves which service it is',
    load: async () => (await import('./verbs/token-create.ts')).tokenCreate,
  },
  {
    name: 'token list',
    summary: 'show the join tokens: whose they are, until when, and who uses them',
    load: async () => (await import('./verbs/token-list.ts')).tokenList,
  },
  {
    name: 'token revoke',
    summary: 'end a join token, the streams of who uses it, and its endpoints',
    load: async () => (await import('./verbs/token-revoke.ts')).tokenRevoke,
  },
  {
    name: 'token renew',
    summary: 'replace a token file by its successor, once or for as long as it runs',
    load: async () => (await import('./verbs/token-renew.ts')).tokenRenew,
  },
  {
    name: 'bootstrap',
    summary: 'write the file that a sidecar or gateway starts with, and the command that starts it',
    load: async () => (await import('./verbs/bootstrap.ts')).bootstrap,
  },
  {
    name: 'status',
    summary: 'show what a running server serves, to whom, and what went wrong',
    load: async () => (await import('./verbs/status.ts')).status,
  },
  {
    name: 'backup',
    summary: 'write the whole state to one encrypted file, while the server runs',
    load: async () => (await import('./verbs/backup.ts')).backup,
  },
  {
    name: 'restore',
    summary: 'put a backup into a new state folder',
    load: async () => (await import('./verbs/restore.ts')).restore,
  },
  {
    name: 'schema',
    summary: 'write the JSON Schema of the document, for completion in editors',
    load: async () => (await import('./verbs/schema.ts')).schema,
  },
];
