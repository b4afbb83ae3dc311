/**
 * Access: who may push to a repository, as its knot and its DID document say (T2).
 *
 * Today's knots keep their own lists of who may push, and say who owns a repository. So there is an entry for every
 * repository that a record claims on a knot that it holds through us. The knot is asked when the claim begins, again
 * when it reports a change, and every few hours. What is not known grants nothing; what could not be read again for a
 * day is no longer known.
 */
import * as O from 'fp-ts/lib/Option.js'
import * as Request from '../base/request.js'
import { chain, inTurn, irrelevant, type Reduction, transitionTo } from '../base/transition.js'
import { ascending } from '../data/ascending.js'
import { Did, type TimeUs } from '../data/identifiers.js'
import type { Natural } from '../data/natural.js'
import type { AccessRead, Event, RequestFailed } from '../event.js'
import type { CollaboratorTold } from '../knots/index.js'
import type { Access } from '../model/access.js'
import { REFRESH, ask, askLater, awaitedEntry, onReadFailed, isStale, type Named, requestedOf } from './asked.js'
import { reconcile } from './claims.js'
import { entryOf, knotKeepsLists, repositoriesIn, withEntry } from './entries.js'
import {
  type AccessGiven,
  type AccessOutcome,
  type AccessState,
  type AccessStep,
  type Entry,
  repositoryKey
} from './model.js'
import { hasRoomFor, withoutIdleList } from './room.js'

export { entryOf } from './entries.js'
export {
  type AccessQuestion,
  afterAnswer,
  type Inquiry,
  inquiry,
  type InquiryAbout,
  isQuestion,
  PAGES_MAX,
  type InquiryAnswer
} from './inquiry.js'
export {
  type AccessGiven,
  type AccessLost,
  type AccessOutcome,
  type AccessState,
  Entry,
  initial,
  WrittenAccess
} from './model.js'
export { fromWritten, toWritten } from './written.js'

/** A rejected answer counts as a failed request. */
const asFailure = ({ at, knot, number, repo }: AccessRead, error: string): RequestFailed => ({
  _tag: 'RequestFailed',
  at,
  error,
  isFinal: false,
  number,
  requested: requestedOf(knot, repo),
  waitMs: 0 as Natural
})

/** Asks for every unknown list at once, and for known ones within their usual interval. */
const started = (before: AccessState, at: TimeUs): AccessStep =>
  chain(before, repositoriesIn(before), (state, [knot, repo, was]): AccessStep => {
    const entry: Entry = { ...was, access: isStale(was, at) ? null : was.access }
    return entry.access === null
      ? ask(state, [knot, repo, entry], false)
      : askLater(state, [knot, repo, entry], { ...REFRESH, lowMs: 0 as Natural })
  })

/** Whether the knot no longer says that the repository is its owner's. */
const isLost = (before: Access | null, now: Access): boolean =>
  now._tag === 'Denied'
    ? before?._tag !== 'Denied'
    : now._tag === 'ByKnot' && !(before?._tag === 'ByKnot' && before.owner === now.owner)

/** The list as it is kept: without duplicates, ascending. */
const inOrder = (access: Access): Access =>
  access._tag === 'ByKnot' ? { ...access, collaborators: ascending(access.collaborators) } : access

/**
 * Why an answer is rejected; `null` if it is not. A knot that keeps lists may deny it for a moment, while it restarts
 * or a proxy answers for it; to believe that would leave its repositories to the records. So it counts only once
 * nothing is left of what its lists said, a day after the last of them was read.
 */
const objection = (given: AccessGiven, state: AccessState, named: Named, access: Access): string | null => {
  const [knot, repo] = named
  if (!hasRoomFor(given, state, named, access)) return 'there are too many collaborators'
  return access._tag === 'ByRecords' && Did.is(repo) && knotKeepsLists(state, knot)
    ? 'the knot, which keeps lists, says that it keeps none'
    : null
}

const read = (given: AccessGiven, state: AccessState, event: AccessRead): Reduction<AccessState, AccessOutcome> => {
  const { at, knot, number, repo } = event
  const entry = awaitedEntry(state, knot, repo, number)
  if (entry === null) return irrelevant
  // A change that was reported meanwhile may be later than the answer.
  if (entry.isOutdated) return O.some(ask(state, [knot, repo, entry], given.isStopped))
  const access = withoutIdleList(state, repositoryKey(knot, repo), inOrder(event.access))
  const error = objection(given, state, [knot, repo, entry], access)
  if (error !== null) return O.some(onReadFailed(given.config, state, [knot, repo, entry], asFailure(event, error)))
  const [next, effects] = askLater(state, [knot, repo, { ...entry, access, asOfUs: at }], REFRESH)
  const lost = { _tag: 'AccessLost' as const, knot, repo }
  return transitionTo(next, isLost(entry.access, access) ? [lost, ...effects] : effects)
}

/** A change that a knot reports. A removal counts at once; an addition only when the list, read again, has it. */
const collaboratorUpdated = (
  state: AccessState,
  { knot, update: { op, repo, subject } }: CollaboratorTold,
  isStopped: boolean
): Reduction<AccessState, AccessOutcome> => {
  const entry = entryOf(state, knot, repo)
  if (entry === null) return irrelevant
  const { access } = entry
  const kept =
    op === 'remove' && access?._tag === 'ByKnot'
      ? { ...access, collaborators: access.collaborators.filter((did) => did !== subject) }
      : access
  const changed: Entry = { ...entry, access: kept }
  if (entry.request.phase === 'Asked')
    return transitionTo(withEntry(state, knot, repo, { ...changed, isOutdated: true }))
  return op === 'remove' && kept?._tag === 'ByKnot'
    ? transitionTo(withEntry(state, knot, repo, changed))
    : O.some(ask(state, [knot, repo, changed], isStopped))
}

/**
 * The reducer of access. It takes every event and ignores those that are not its own. Claims of records come first,
 * then what knots have reported, then the event. Where the configuration leaves everything to the records, it does
 * nothing.
 *
 * @example
 * import assert from 'node:assert'
 * import { Access, Commits, Config, defaults, Did, Event, HostName, Rkey } from '@tack-ci/core'
 *
 * const identity = { hostname: 'ci.example', owner: 'did:plc:owner' }
 * const config = Config.decode({ ...defaults(identity), collaborators: 'knots' })
 * const passed = Event.decode({ _tag: 'PassedOver', about: '', at: 1_767_225_600_000_000, of: '' })
 * const did = Did.decode('did:plc:owner')
 * const knot = HostName.decode('knot.example')
 * const rkey = Rkey.decode('self')
 * assert(config._tag === 'Right' && passed._tag === 'Right')
 * assert(did._tag === 'Right' && knot._tag === 'Right' && rkey._tag === 'Right')
 *
 * const claim = { did: did.right, knot: knot.right, repo: 'did:plc:app', rkey: rkey.right }
 * const claims = [{ _tag: 'ClaimMade' as const, ...claim }]
 * const given = { claims, commits: Commits.initial, config: config.right, isStopped: false, told: [] }
 * const asked = Access.reduce(Access.initial, passed.right, given)
 * assert(asked._tag === 'Some')
 * assert.deepStrictEqual(asked.value[1], [
 *   { _tag: 'ReadAccess', account: 'did:plc:owner', knot: 'knot.example', number: 1, repo: 'did:plc:app' }
 * ])
 */
export const reduce = (state: AccessState, event: Event, given: AccessGiven): Reduction<AccessState, AccessOutcome> => {
  const inLine = (before: AccessState) => reconcile(before, event, given)
  if (given.config.collaborators === 'records') return inLine(state)
  return inTurn<AccessState, AccessOutcome>(
    state,
    inLine,
    ...given.told.map((one) => (before: AccessState) => collaboratorUpdated(before, one, given.isStopped)),
    (before) => see(given, before, event)
  )
}

const see = (given: AccessGiven, state: AccessState, event: Event): Reduction<AccessState, AccessOutcome> => {
  switch (event._tag) {
    case 'Started':
      return O.some(started(state, event.at))

    case 'AccessRead':
      return read(given, state, event)

    case 'RequestFailed': {
      const { number, requested } = event
      if (requested._tag !== 'Access') return irrelevant
      const { knot, repo } = requested
      const entry = awaitedEntry(state, knot, repo, number)
      return entry === null ? irrelevant : O.some(onReadFailed(given.config, state, [knot, repo, entry], event))
    }

    case 'TimerFired': {
      const { timer } = event
      if (timer._tag !== 'RequestTimer' || timer.requested._tag !== 'Access') return irrelevant
      const { knot, repo } = timer.requested
      const entry = entryOf(state, knot, repo)
      return entry !== null && Request.isPausing(entry.request, timer.number)
        ? O.some(ask(state, [knot, repo, entry], given.isStopped, entry.request.attempt))
        : irrelevant
    }

    default:
      return irrelevant
  }
}
