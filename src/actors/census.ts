/** What an actor is up to, in figures: how much, how long and how often, never what. */
export type ActorFigures = {
  readonly path: string;
  /** Where its thread keeps it; a pulse names it by this number. */
  readonly slot: number;
  readonly behaviour: string;
  /** Letters in its mailbox. */
  readonly waiting: number;
  /** For how long its mailbox has not been empty, in milliseconds: its oldest letter is no older. 0 when it is empty. */
  readonly behindMs: number;
  /** Letters so far. */
  readonly handled: number;
  /** Time in its turns so far, in milliseconds, measured once in a few letters. */
  readonly busyMs: number;
};

export type LinkFigures = {
  readonly place: string;
  /** Messages that wait for credit. */
  readonly queued: number;
  /** Bytes that may still be sent to the peer before it gives credit back. */
  readonly creditBytes: number;
  /** Bytes that the peer may have on its way to here. */
  readonly windowBytes: number;
};

/** Everything that lives in a system, at one moment. */
export type Census = { readonly actors: readonly ActorFigures[]; readonly links: readonly LinkFigures[] };
