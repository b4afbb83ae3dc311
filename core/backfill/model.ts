/** What the backfill knows: the accounts whose records are being read, and how far. */
import * as t from 'io-ts'
import { Request } from '../base/request.js'
import type { CommitsState, MemberChanged } from '../commits/index.js'
import type { Config } from '../config.js'
import { Collection, Did } from '../data/identifiers.js'
import { Natural } from '../data/natural.js'
import { orderedMap } from '../data/ordered-map-codec.js'
import * as M from '../data/ordered-map.js'

/** How far the reading of one account has come. */
export const Reading = t.readonly(
  t.strict({
    collection: Collection,
    /** The server's cursor for the next page. */
    cursor: t.union([t.string, t.null]),
    /** How many pages of the collection have been read. */
    pages: Natural,
    /** The request for that page. */
    request: Request
  }),
  'Reading'
)
export type Reading = t.TypeOf<typeof Reading>

/** The accounts whose records are being read. */
export const BackfillState = t.readonly(
  t.strict({
    /** The accounts that are being read. */
    accounts: orderedMap(Did, Reading),
    /** Whether the stream has been open since the start. Before that, changes during a reading would be missed. */
    isOpen: t.boolean,
    next: Natural,
    /** The owner whose reading was last begun; `null` before the first, and while backfill is off. */
    owner: t.union([Did, t.null])
  }),
  'Backfill'
)
export type BackfillState = t.TypeOf<typeof BackfillState>

/** Before anything has happened. */
export const initial: BackfillState = { accounts: M.empty(), isOpen: false, next: 1 as Natural, owner: null }

/** What the reducer is given with an event. */
export interface BackfillGiven {
  /** The rows after the event: when the owner's reading begins, so do those of all present members. */
  readonly commits: Pick<CommitsState, 'members'>
  readonly config: Config
  readonly isStopped: boolean
  /** Who has become a member in this step, and who no longer is one. */
  readonly members: ReadonlyArray<MemberChanged>
}
