/** How much is processed at a time. The defaults keep a turn of the event loop within some 20 ms. */
export interface Limits {
  /** After this many events in one turn of the event loop, every socket waits for the next turn. */
  readonly turnEvents: number
  /** The same, after events from texts of this many characters. */
  readonly turnChars: number
  /**
   * This many events make a full inbox, which pauses every socket until half of them are left. It is more than one batch, so that the next one is
   * ready when one has been written.
   */
  readonly inboxEvents: number
  /** The same, of events whose steps may take long: each is noted before, so fewer of them are a turn's wait for whoever comes after. */
  readonly inboxLong: number
  /**
   * Events from texts of this many characters fill the inbox as well, until all of them are taken. A batch is one line of the journal, and strings
   * have a longest length.
   */
  readonly inboxChars: number
  readonly batchEvents: number
  /** The limit of events in a batch whose steps may take long: they are noted at once. */
  readonly batchLong: number
  /**
   * How long the steps of one batch may take. (With 10 ms, the longest turn took 28 ms in place of 19 while 50 000 rows were consumed, and 21 in place
   * of 16 at twice as many; it saved 3 to 5 per cent of the time there, and nothing at 1 000 rows.)
   */
  readonly batchMs: number
  /** How long a mere move of the cursor may wait to be written. */
  readonly lazyMs: number
  /**
   * A snapshot is due when the journal has grown so many times as large as the last one, within these bounds: a start after a crash then takes time in
   * proportion to the state. (At twice its size, snapshots took a seventh of the processor's time while 50 000 rows were consumed.)
   */
  readonly journalBytes: { readonly least: number; readonly most: number; readonly timesSnapshot: number }
  /**
   * A stop writes a snapshot, so that a later version need not understand today's journal. If that takes longer than this, it is called off: the
   * journal has everything.
   */
  readonly stopMs: number
  /** The pauses between attempts to save after a failure: doubled from the first to the last. */
  readonly rescueMs: { readonly first: number; readonly last: number }
}

export const defaultLimits: Limits = {
  turnEvents: 500,
  turnChars: 1024 * 1024,
  inboxEvents: 3_000,
  inboxLong: 250,
  inboxChars: 16 * 1024 * 1024,
  batchEvents: 1_500,
  batchLong: 64,
  batchMs: 5,
  lazyMs: 1_000,
  journalBytes: { least: 8 * 1024 * 1024, most: 128 * 1024 * 1024, timesSnapshot: 4 },
  stopMs: 3_000,
  rescueMs: { first: 250, last: 30_000 }
}
