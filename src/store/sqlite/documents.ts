import type { DocumentFile, DocumentSave, Documents, StoredDocument } from '../documents.ts';
import type { Part } from './part.ts';

export function createDocuments({ db, queue, clock }: Part): Documents {
  const latest = db.prepare('SELECT revision, digest FROM documents ORDER BY revision DESC LIMIT 1');
  const files = db.prepare('SELECT file, bytes FROM document_files WHERE revision = ? ORDER BY position');
  const insert = db.prepare('INSERT INTO documents VALUES (?, ?, ?)');
  const insertFile = db.prepare('INSERT INTO document_files VALUES (?, ?, ?, ?)');
  const dropOlder = db.prepare('DELETE FROM documents WHERE revision < ?');

  const newest = () => latest.get() as Pick<StoredDocument, 'revision' | 'digest'> | undefined;

  function replace(
    { files: contents, digest }: Pick<StoredDocument, 'files' | 'digest'>,
    expected: number | undefined,
  ): DocumentSave {
    const held = newest();
    const current = held?.revision ?? 0;
    if (expected !== undefined && expected !== current) return { ok: false, revision: current };
    if (held?.digest === digest) return { ok: true, revision: current };
    const revision = current + 1;
    insert.run(revision, digest, clock.now());
    for (const [position, { file, bytes }] of contents.entries()) {
      insertFile.run(revision, position, file, bytes);
    }
    dropOlder.run(revision);
    return { ok: true, revision };
  }

  return {
    async latest() {
      const held = newest();
      if (!held) return undefined;
      const rows = files.all(held.revision) as unknown as DocumentFile[];
      return { ...held, files: rows.map((row) => ({ ...row })) };
    },
    save: (document, expected) => queue.write('documents', () => replace(document, expected)),
  };
}
