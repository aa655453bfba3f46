/** What can be watched. */
export type Topic = 'keys' | 'documents' | 'leases' | 'serials' | 'tokens' | 'commands';

export interface Watch {
  stop(): void;
}

/** Tells of what was committed, by this process at once, by others within a second. */
export interface Changes {
  /**
   * Calls back after each change from now on, or once for several.
   * @param listener gets the topic's revision, which grows with every change
   */
  watch(topic: Topic, listener: (revision: number) => void): Watch;
}
