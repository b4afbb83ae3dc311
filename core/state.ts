/**
 * The state: four slices, each with its reducer. Everything in it is data; what is derived from other parts (members,
 * holders) is kept because a step must not cost more in a large state, is tied to its source by a law, and is not written
 * down: reading a state derives it anew.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import * as Commits from './commits.js'
import type { Config } from './config.js'
import * as Counters from './counters.js'
import * as Cursor from './cursor.js'
import { Did } from './data/identifiers.js'
import * as M from './data/ordered-map.js'
import * as Knots from './knots.js'

export interface State {
  readonly commits: Commits.CommitsState
  readonly counters: Counters.Counters
  readonly cursor: Cursor.CursorState
  readonly knots: Knots.KnotsState
}

/** The state before anything has happened. */
export const initial = (config: Config): State => ({
  commits: Commits.initial(config),
  counters: Counters.initial,
  cursor: Cursor.initial(config),
  knots: Knots.initial(config)
})

// ---------------------------------------------------------------------------------------- written form

/** One account with its DID: the unit in which a large state is written and read. */
export const AccountEntry = t.tuple([Did, Commits.Account], 'AccountEntry')
export type AccountEntry = t.TypeOf<typeof AccountEntry>

/** Everything but the accounts: small, whatever the number of rows. */
export const Head = t.strict(
  {
    counters: Counters.Counters,
    cursor: Cursor.CursorState,
    knots: Knots.WrittenKnots,
    policy: Commits.Policy
  },
  'Head'
)
export type Head = t.TypeOf<typeof Head>

/** The head of `state`; with `M.entriesFrom(state.commits.accounts, '')`, all of it. */
export const headOf = (state: State): Head => ({
  counters: state.counters,
  cursor: state.cursor,
  knots: Knots.toWritten(state.knots),
  policy: state.commits.policy
})

/**
 * The state of a head and its accounts, with everything derived.
 *
 * @returns `Left` with a sentence when the parts cannot come from one state: DIDs that do not rise, an account that should
 *   have been forgotten, subscriptions that the rows do not call for.
 */
export const fromParts = (head: Head, entries: ReadonlyArray<AccountEntry>): E.Either<string, State> =>
  pipe(
    M.fromSorted(entries),
    E.fromOption(() => 'the accounts are not in ascending order of their DIDs'),
    E.filterOrElse(
      (accounts) => M.reduceWithKey<Did, Commits.Account, boolean>(true, (_, ok, account) => ok && Commits.isRemembered(account))(accounts),
      () => 'an account has no rows, no tombstones and no floor'
    ),
    E.map((accounts) => Commits.derive(head.policy, accounts)),
    E.chain((commits) =>
      pipe(
        Knots.fromWritten(head.knots, Commits.allHolds(commits)),
        E.map((knots) => ({ commits, counters: head.counters, cursor: head.cursor, knots }))
      )
    )
  )

const Written = t.strict({ accounts: t.array(AccountEntry), head: Head }, 'State')

/**
 * The codec of the whole state. For a large one, write the parts one by one instead: encoding builds all of it in memory.
 */
export const State: t.Type<State, unknown> = new t.Type(
  'State',
  (u): u is State => typeof u === 'object' && u !== null && 'commits' in u && 'counters' in u && 'cursor' in u && 'knots' in u,
  (u, context) =>
    pipe(
      Written.validate(u, context),
      E.chain(({ accounts, head }) =>
        pipe(
          fromParts(head, accounts),
          E.match((message) => t.failure(u, context, message), t.success)
        )
      )
    ),
  (state) => Written.encode({ accounts: [...M.toEntries(state.commits.accounts)].map(([did, account]) => [did, account]), head: headOf(state) })
)
