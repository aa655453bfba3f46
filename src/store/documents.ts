export interface DocumentFile {
  /** As shown to people. */
  readonly file: string;
  readonly bytes: Uint8Array;
}

export interface StoredDocument {
  readonly files: readonly DocumentFile[];
  /** Of names and contents; equal digests are equal documents. */
  readonly digest: string;
  /** Counts the documents that this mesh ever had, from 1. */
  readonly revision: number;
}

export type DocumentSave =
  | { readonly ok: true; readonly revision: number }
  /** Somebody else saved in between; `revision` is theirs. */
  | { readonly ok: false; readonly revision: number };

/** The last good document. */
export interface Documents {
  latest(): Promise<StoredDocument | undefined>;
  /**
   * Replaces it. The one that is there already keeps its revision.
   * @param expected the revision that is to be replaced, 0 for none: compare and set; undefined: whatever is there
   */
  save(document: Pick<StoredDocument, 'files' | 'digest'>, expected?: number): Promise<DocumentSave>;
}
