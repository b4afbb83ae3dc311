/**
 * Rows: what the records on the network say, who may say it, and what follows for the knots.
 *
 * Rows are keyed by (collection, DID, rkey) and kept by account, because three things are decided for an account as a
 * whole: whether its rows count (D5), from when on its commits count (the floor), and when it can be forgotten.
 *
 * A commit is let through by its rev, per key, so that a replay changes nothing and causes nothing (D3). What a change
 * means for the knots comes out as holds made and released; the knots' reducer turns them into subscriptions.
 */
import { irrelevant, type Reduction } from '../base/transition.js'
import type { Config } from '../config.js'
import type { TimeUs } from '../data/identifiers.js'
import type { Event } from '../event.js'
import { accountChanged } from './change.js'
import { commit } from './commit.js'
import { onConfigured } from './configured.js'
import { onListed } from './listed.js'
import type { CommitsState, Rows, RowsOutcome } from './model.js'

export { incoherence, isAdmitted, isMember, isStranger } from './admission.js'
export { isOutdated } from './change.js'
export { derive } from './derived.js'
export { allClaims, allHolds, isClaimChanged, isHeld, isHoldChanged } from './holds.js'
export {
  type ClaimChanged,
  type CommitsState,
  type HoldChanged,
  type Holder,
  holder,
  initial,
  isKnown,
  liveRepo,
  type MemberChanged,
  type RepoChanged,
  type Rows,
  type RowsOutcome
} from './model.js'

/**
 * The reducer of rows. It takes every event and ignores those that are not its own. It is given the configuration in
 * force before the event (a start brings another), and how far the stream has come after it: the horizon of accounts
 * that it admits.
 *
 * @example
 * import assert from 'node:assert'
 * import { Commits, Config, defaults, Event, REPO } from '@tack-ci/core'
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
 * const answer = Commits.reduce(Commits.initial, commit.right, { config: config.right, cursor: null })
 * assert(answer._tag === 'Some')
 * const [state, outcomes] = answer.value
 * assert.deepStrictEqual(outcomes, [
 *   { _tag: 'HoldMade', did: 'did:plc:owner', knot: 'knot.example', rkey: 'self' },
 *   { _tag: 'ClaimMade', did: 'did:plc:owner', knot: 'knot.example', repo: '', rkey: 'self' }
 * ])
 *
 * // The same again is no news.
 * const again = Commits.reduce(state, commit.right, { config: config.right, cursor: null })
 * assert.strictEqual(again._tag, 'None')
 */
export const reduce = (
  commits: CommitsState,
  event: Event,
  { config, cursor }: { readonly config: Config; readonly cursor: TimeUs | null }
): Reduction<CommitsState, RowsOutcome> => {
  const rows: Rows = { commits, config }
  switch (event._tag) {
    case 'Started':
      return onConfigured(rows, event.config, cursor)
    case 'CommitReceived':
      return commit(rows, event, cursor)
    case 'AccountReceived':
      return accountChanged(rows, event, cursor)
    case 'RecordsRead':
      return onListed(rows, event, cursor)
    default:
      return irrelevant
  }
}
