/**
 * The number of rows by kind. Counting visits all of them, which takes a second for a million; so a large state is counted in slices, now and then,
 * and the result is at most that old. A small one is counted on request.
 */
import { type Commits, OrderedMap, type State } from '../../core/index.js'
import type { Clock } from '../ports.js'

export interface Rows {
  readonly collaborators: number
  readonly members: number
  readonly repos: number
  readonly tombstones: number
}

export interface Gauges {
  readonly close: () => void
  /** As of now, or, for a large state, of the last count. */
  readonly rows: () => Rows
}

/** States of up to this many accounts are counted at once. */
const SMALL = 2_000
const SLICE = 2_000
/** How long the count of a large state is reused. */
const PAUSE_MS = 30_000

type Accounts = State['commits']['accounts']

const NONE: Rows = { collaborators: 0, members: 0, repos: 0, tombstones: 0 }

const countIn = <R>(slots: Commits.Slots<R>): { readonly live: number; readonly dead: number } =>
  OrderedMap.reduceWithKey<string, Commits.Slot<R>, { live: number; dead: number }>({ live: 0, dead: 0 }, (_, { dead, live }, slot) =>
    slot.record === null ? { dead: dead + 1, live } : { dead, live: live + 1 }
  )(slots)

const plus = (rows: Rows, account: Commits.Account): Rows => {
  const [collaborators, members, repos] = [countIn(account.collaborators), countIn(account.members), countIn(account.repos)]
  return {
    collaborators: rows.collaborators + collaborators.live,
    members: rows.members + members.live,
    repos: rows.repos + repos.live,
    tombstones: rows.tombstones + collaborators.dead + members.dead + repos.dead
  }
}

const nextTurn = (): Promise<void> => new Promise(setImmediate)

export const createGauges = (clock: Clock, durable: () => State): Gauges => {
  let counted: Accounts | null = null
  let known = NONE
  let isClosed = false
  let isCounting = false
  let cancel: () => void = () => undefined
  let isFresh = false

  const count = async (accounts: Accounts): Promise<void> => {
    isCounting = true
    let rows = NONE
    let n = 0
    for (const [, account] of OrderedMap.entriesFrom(accounts, '')) {
      rows = plus(rows, account)
      if (++n % SLICE === 0) await nextTurn()
      if (isClosed) return
    }
    known = rows
    counted = accounts
    isCounting = false
    isFresh = true
    cancel = clock.after(PAUSE_MS, () => {
      isFresh = false
    })
  }

  return {
    close: () => {
      isClosed = true
      cancel()
    },
    rows: () => {
      const { accounts } = durable().commits
      if (accounts === counted) return known
      if (OrderedMap.size(accounts) <= SMALL) {
        known = OrderedMap.reduceWithKey<string, Commits.Account, Rows>(NONE, (_, rows, account) => plus(rows, account))(accounts)
        counted = accounts
      } else if (!isCounting && !isFresh) void count(accounts)
      return known
    }
  }
}
