/** The shape of the database, as steps that lead from any version to the newest. */

/** In the header of the file, so that another program's database is not taken for ours ("PCUL"). */
export const APPLICATION_ID = 0x5043554c;

/**
 * Step n (from 0) leads from version n to n + 1; each runs in one transaction with the change of the version. A step that
 * was released is never edited. Times are milliseconds since the Unix epoch.
 */
export const MIGRATIONS: readonly string[] = [
  `
  PRAGMA application_id = ${APPLICATION_ID};

  -- how often something changed, by topic; what watchers look at
  CREATE TABLE revisions (topic TEXT PRIMARY KEY, revision INTEGER NOT NULL) STRICT, WITHOUT ROWID;

  -- authorities and the token key: made once
  CREATE TABLE keys (
    name       TEXT PRIMARY KEY,
    pem        TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TRIGGER keys_stay BEFORE UPDATE ON keys
    BEGIN SELECT RAISE(ABORT, 'a key is never overwritten'); END;
  CREATE TRIGGER keys_are_made_once BEFORE INSERT ON keys
    WHEN EXISTS (SELECT 1 FROM keys WHERE name = NEW.name)
    BEGIN SELECT RAISE(ABORT, 'a key is never overwritten'); END;

  -- the last good document, one row, and its files
  CREATE TABLE documents (
    revision INTEGER PRIMARY KEY,
    digest   TEXT NOT NULL,
    saved_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE document_files (
    revision INTEGER NOT NULL REFERENCES documents (revision) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    file     TEXT NOT NULL,
    bytes    BLOB NOT NULL,
    PRIMARY KEY (revision, position)
  ) STRICT, WITHOUT ROWID;

  -- expires_at is NULL as long as the stream lives
  CREATE TABLE leases (
    node       TEXT PRIMARY KEY,
    service    TEXT NOT NULL,
    address    TEXT NOT NULL,
    port       INTEGER NOT NULL,
    serial     TEXT NOT NULL,
    token_id   TEXT NOT NULL,
    replica    TEXT NOT NULL,
    expires_at INTEGER
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE serials (
    serial       TEXT PRIMARY KEY,
    node         TEXT NOT NULL,
    spiffe_id    TEXT NOT NULL,
    authority_id TEXT NOT NULL,
    issued_at    INTEGER NOT NULL,
    not_after    INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX serials_by_node ON serials (node, issued_at);
  CREATE INDEX serials_by_end ON serials (not_after);

  CREATE TABLE tokens (
    jti        TEXT PRIMARY KEY,
    service    TEXT NOT NULL,
    instance   TEXT,
    cidr       TEXT,
    label      TEXT,
    issued_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tokens_by_end ON tokens (expires_at);
  CREATE TABLE token_bindings (
    jti      TEXT PRIMARY KEY REFERENCES tokens (jti) ON DELETE CASCADE,
    node     TEXT NOT NULL,
    address  TEXT NOT NULL,
    bound_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- what was ordered, by whom, and what came of it: both only ever grow
  CREATE TABLE commands (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    kind    TEXT NOT NULL,
    payload TEXT NOT NULL CHECK (json_valid(payload))
  ) STRICT;
  CREATE TABLE command_results (
    seq     INTEGER PRIMARY KEY REFERENCES commands (seq),
    at      INTEGER NOT NULL,
    ok      INTEGER NOT NULL CHECK (ok IN (0, 1)),
    message TEXT
  ) STRICT;
  ${['commands', 'command_results'].map(appendOnly).join('\n')}
  `,
  `
  -- the token that it was renewed from
  ALTER TABLE tokens ADD COLUMN predecessor TEXT;
  CREATE INDEX tokens_by_predecessor ON tokens (predecessor) WHERE predecessor IS NOT NULL;
  `,
];

export const NEWEST_VERSION = MIGRATIONS.length;

/** REPLACE deletes without firing delete triggers, hence the trigger on insert. */
function appendOnly(table: string): string {
  const refuse = `BEGIN SELECT RAISE(ABORT, 'the log of commands only grows'); END;`;
  return `
  CREATE TRIGGER ${table}_update BEFORE UPDATE ON ${table} ${refuse}
  CREATE TRIGGER ${table}_delete BEFORE DELETE ON ${table} ${refuse}
  CREATE TRIGGER ${table}_replace BEFORE INSERT ON ${table}
    WHEN EXISTS (SELECT 1 FROM ${table} WHERE seq = NEW.seq) ${refuse}`;
}
