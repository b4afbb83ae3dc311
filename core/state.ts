/**
 * The state: a slice for each reducer. Everything in it is data. Some of it is derived from other parts (members,
 * holders, records by repository DID), so that a step costs no more in a large state. A law ties it to its source, and
 * it is not written: reading a state derives it again.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import * as Access from './access/index.js'
import * as Backfill from './backfill/index.js'
import * as Builds from './builds/index.js'
import { Account } from './commits/account.js'
import * as Commits from './commits/index.js'
import { Config } from './config.js'
import * as Counters from './counters/index.js'
import * as Cursor from './cursor/index.js'
import { Did } from './data/identifiers.js'
import * as M from './data/ordered-map.js'
import { StatusEntry } from './effect.js'
import * as Knots from './knots/index.js'

export interface State {
  readonly access: Access.AccessState
  readonly backfill: Backfill.BackfillState
  readonly builds: Builds.BuildsState
  readonly commits: Commits.CommitsState
  /** As of the last start. */
  readonly config: Config
  readonly counters: Counters.Counters
  readonly cursor: Cursor.CursorState
  /** Whether a stop was requested, and no start has come since. */
  readonly isStopped: boolean
  readonly knots: Knots.KnotsState
}

/**
 * The state before anything has happened.
 *
 * @example
 * import assert from 'node:assert'
 * import { Config, cursor, defaults, initial, wantedKnots } from '@tack-ci/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * const state = initial(config.right)
 *
 * assert.strictEqual(cursor(state), null)
 * assert.deepStrictEqual(wantedKnots(state), [])
 */
export const initial = (config: Config): State => ({
  access: Access.initial,
  backfill: Backfill.initial,
  builds: Builds.initial,
  commits: Commits.initial,
  config,
  counters: Counters.initial,
  cursor: Cursor.initial,
  isStopped: false,
  knots: Knots.initial
})

// ---------------------------------------------------------------------------------------- written form

/** One account with its DID. A large state is written and read entry by entry. */
export const AccountEntry = t.tuple([Did, Account], 'AccountEntry')
export type AccountEntry = t.TypeOf<typeof AccountEntry>

/** Everything but accounts, runs and statuses, so it stays small. */
export const Head = t.strict(
  {
    access: Access.WrittenAccess,
    backfill: Backfill.BackfillState,
    builds: Builds.WrittenBuilds,
    config: Config,
    counters: Counters.Counters,
    cursor: Cursor.CursorState,
    isStopped: t.boolean,
    knots: Knots.WrittenKnots
  },
  'Head'
)
export type Head = t.TypeOf<typeof Head>

/**
 * The head of `state`; with the accounts, the runs and the log, all of it.
 *
 * @example
 * import assert from 'node:assert'
 * import { Config, defaults, Head, headOf, initial } from '@tack-ci/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * const head = headOf(initial(config.right))
 *
 * assert.strictEqual(head.config.hostname, 'ci.example')
 * assert.deepStrictEqual(Head.decode(JSON.parse(JSON.stringify(Head.encode(head)))), { _tag: 'Right', right: head })
 */
export const headOf = (state: State): Head => ({
  access: Access.toWritten(state.access),
  backfill: state.backfill,
  builds: Builds.toWritten(state.builds),
  config: state.config,
  counters: state.counters,
  cursor: state.cursor,
  isStopped: state.isStopped,
  knots: Knots.toWritten(state.knots)
})

/** A state in parts, with ascending lists: a large state is written and read entry by entry. */
export interface StateParts {
  readonly accounts: ReadonlyArray<AccountEntry>
  readonly head: Head
  readonly runs: ReadonlyArray<Builds.RunEntry>
  readonly statuses: ReadonlyArray<StatusEntry>
}

/**
 * The state of its parts, with everything derived.
 *
 * @returns `Left` with a sentence when the parts cannot come from one state: DIDs that do not rise, an account that
 *   should have been forgotten, a re-reading that is not behind the cursor, subscriptions that the rows do not
 *   call for.
 *
 * @example
 * import assert from 'node:assert'
 * import {
 *   type AccountEntry,
 *   Config,
 *   defaults,
 *   Event,
 *   fromParts,
 *   headOf,
 *   initial,
 *   OrderedMap,
 *   REPO,
 *   step,
 *   wantedKnots
 * } from '@tack-ci/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * const commit = Event.decode({
 *   _tag: 'CommitReceived',
 *   at: 1_767_225_600_000_000,
 *   collection: REPO,
 *   connection: 0,
 *   did: 'did:plc:owner',
 *   ordinal: null,
 *   record: { createdAt: '', knot: 'knot.example', name: 'app', repoDid: '', spindle: 'ci.example' },
 *   rev: null,
 *   rkey: 'self',
 *   timeUs: 1_767_225_600_000_000
 * })
 * assert(commit._tag === 'Right')
 *
 * const [state] = step(initial(config.right), commit.right)
 * const accounts = [...OrderedMap.entriesFrom(state.commits.accounts, '')].map(([did, account]): AccountEntry => [
 *   did,
 *   account
 * ])
 * const again = fromParts({ accounts, head: headOf(state), runs: [], statuses: [] })
 * assert(again._tag === 'Right')
 * assert.deepStrictEqual(wantedKnots(again.right), ['knot.example'])
 *
 * // The subscription that the head holds is one that the rows must call for.
 * assert.strictEqual(fromParts({ accounts: [], head: headOf(state), runs: [], statuses: [] })._tag, 'Left')
 */
export const fromParts = ({ accounts: entries, head, runs, statuses }: StateParts): E.Either<string, State> =>
  pipe(
    M.fromSorted(entries),
    E.fromOption(() => 'the accounts are not in ascending order of their DIDs'),
    E.filterOrElse(
      () => Cursor.isCoherent(head.cursor),
      () => 'what is read again does not lie before the cursor'
    ),
    E.map((accounts): Commits.Rows => ({ commits: Commits.derive(head.config, accounts), config: head.config })),
    E.chain((rows) => {
      const wrong = Commits.incoherence(rows)
      return wrong === null ? E.right(rows) : E.left(wrong)
    }),
    E.bindTo('rows'),
    E.bind('knots', ({ rows }) => Knots.fromWritten(head.knots, Commits.allHolds(rows))),
    E.bind('access', ({ rows }) => Access.fromWritten(head.access, Commits.allClaims(rows))),
    E.bind('builds', () => Builds.fromWritten(head.builds, runs, statuses)),
    E.map(({ access, builds, knots, rows: { commits, config } }) => ({
      access,
      backfill: head.backfill,
      builds,
      commits,
      config,
      counters: head.counters,
      cursor: head.cursor,
      isStopped: head.isStopped,
      knots
    }))
  )

const Written = t.strict(
  { accounts: t.array(AccountEntry), head: Head, runs: t.array(Builds.RunEntry), statuses: t.array(StatusEntry) },
  'State'
)

/**
 * The codec of the whole state. For a large one, write the parts one by one instead: encoding builds all of it in
 * memory.
 */
export const State: t.Type<State, unknown> = new t.Type(
  'State',
  (u): u is State =>
    typeof u === 'object' && u !== null && 'commits' in u && 'counters' in u && 'cursor' in u && 'knots' in u,
  (u, context) =>
    pipe(
      Written.validate(u, context),
      E.chain((parts) =>
        pipe(
          fromParts(parts),
          E.match((message) => t.failure(u, context, message), t.success)
        )
      )
    ),
  (state) =>
    Written.encode({
      accounts: [...M.toEntries(state.commits.accounts)].map(([did, account]) => [did, account]),
      head: headOf(state),
      runs: [...M.toEntries(state.builds.runs)].map(([key, run]) => [key, run]),
      statuses: [...M.toEntries(state.builds.log)].map(([, entry]) => entry)
    })
)
