/** Queries on the rows (S17). Pure functions of the state; rows of an account that is set aside do not count. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as Builds from '../builds/index.js'
import type { Repo } from '../commits/account.js'
import * as Commits from '../commits/index.js'
import type { HostName } from '../data/host-name.js'
import type { Did, Rkey, TimeUs } from '../data/identifiers.js'
import * as M from '../data/ordered-map.js'
import type { CancelRequested, RetryRequested } from '../event.js'
import type { State } from '../state.js'

/**
 * Whether a live record of the owner, with our hostname as its instance, names `did` as its subject.
 *
 * @example
 * import assert from 'node:assert'
 * import { Config, defaults, Event, initial, isMember, MEMBER, step } from '@tack-ci/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * const commit = Event.decode({
 *   _tag: 'CommitReceived',
 *   at: 1_767_225_600_000_000,
 *   collection: MEMBER,
 *   connection: 0,
 *   did: 'did:plc:owner',
 *   ordinal: null,
 *   record: { createdAt: '', instance: 'ci.example', subject: 'did:plc:alice' },
 *   rev: null,
 *   rkey: 'self',
 *   timeUs: 1_767_225_600_000_000
 * })
 * assert(commit._tag === 'Right')
 *
 * const [state] = step(initial(config.right), commit.right)
 * assert.strictEqual(isMember('did:plc:alice')(state), true)
 * assert.strictEqual(isMember('did:plc:bob')(state), false)
 */
export const isMember =
  (did: string) =>
  (state: State): boolean =>
    Commits.isMember(state, did)

/**
 * The live repo record at (did, rkey).
 *
 * @example
 * import assert from 'node:assert'
 * import { Config, defaults, Event, initial, REPO, repoAt, step } from '@tack-ci/core'
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
 * assert(commit.right._tag === 'CommitReceived')
 * const repo = repoAt(commit.right.did, commit.right.rkey)(state)
 * assert(repo._tag === 'Some')
 * assert.strictEqual(repo.value.knot, 'knot.example')
 */
export const repoAt =
  (did: Did, rkey: Rkey) =>
  (state: State): O.Option<Repo> =>
    Commits.liveRepo(state, did, rkey)

/**
 * The repo records that hold `host` through us, as `<did>/<rkey>`, ascending; empty if the knot is not wanted.
 *
 * @example
 * import assert from 'node:assert'
 * import { canonicalHost, Config, defaults, Event, holdersOf, initial, REPO, step } from '@tack-ci/core'
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
 * const host = canonicalHost(config.right.hosts)('Knot.Example')
 * assert(host._tag === 'Some')
 * assert.deepStrictEqual(holdersOf(host.value)(state), ['did:plc:owner/self'])
 */
export const holdersOf =
  (host: HostName) =>
  (state: State): ReadonlyArray<Commits.Holder> =>
    pipe(
      M.lookup(host)(state.knots.holders),
      O.match(() => [], M.keys)
    )

/**
 * Whether any live, admitted repo record holds `host` through us.
 *
 * @example
 * import assert from 'node:assert'
 * import { canonicalHost, Config, defaults, Event, initial, isWanted, REPO, step } from '@tack-ci/core'
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
 * const host = canonicalHost(config.right.hosts)('Knot.Example')
 * assert(host._tag === 'Some')
 * assert.strictEqual(isWanted(host.value)(state), true)
 * assert.strictEqual(isWanted(host.value)(initial(config.right)), false)
 */
export const isWanted =
  (host: HostName) =>
  (state: State): boolean =>
    M.has(host)(state.knots.holders)

/**
 * The knots that are wanted, ascending.
 *
 * @example
 * import assert from 'node:assert'
 * import { Config, defaults, Event, initial, REPO, step, wantedKnots } from '@tack-ci/core'
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
 * assert.deepStrictEqual(wantedKnots(state), ['knot.example'])
 */
export const wantedKnots = (state: State): ReadonlyArray<HostName> => M.keys(state.knots.holders)

/**
 * How far the stream has been processed; `null` before the first frame.
 *
 * @example
 * import assert from 'node:assert'
 * import { Config, cursor, defaults, Event, initial, REPO, step } from '@tack-ci/core'
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
 * assert.strictEqual(cursor(state), 1_767_225_600_000_000)
 * assert.strictEqual(cursor(initial(config.right)), null)
 */
export const cursor = (state: State): TimeUs | null => state.cursor.cursor

/**
 * Why an order would be refused in this state; `null` if it would not. The shell gives this answer to the operator.
 *
 * @example
 * import assert from 'node:assert'
 * import { Config, defaults, Event, initial, orderRefusal } from '@tack-ci/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * const retry = Event.decode({
 *   _tag: 'RetryRequested', at: 1_767_225_600_000_000, knot: 'knot.example', rkey: '3mbd3542k2222', workflow: null
 * })
 * assert(retry._tag === 'Right' && retry.right._tag === 'RetryRequested')
 * assert.strictEqual(orderRefusal(retry.right)(initial(config.right)), 'unknown')
 */
export const orderRefusal =
  (order: CancelRequested | RetryRequested) =>
  (state: State): Builds.OrderRefusal | null =>
    order._tag === 'CancelRequested'
      ? Builds.cancelRefusal(state.builds, order)
      : Builds.retryRefusal(state, state.builds, order)
