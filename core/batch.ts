/**
 * Batches: events that only move the cursor are merged before they are stepped, and whatever the journal does not need
 * is left out.
 */
import * as O from 'fp-ts/lib/Option.js'
import * as Backfill from './backfill/index.js'
import { slim } from './builds/index.js'
import * as Commits from './commits/index.js'
import * as Cursor from './cursor/index.js'
import { isFromFuture } from './data/identifiers.js'
import { ONE } from './data/natural.js'
import type { Effect } from './effect.js'
import type { Event, FrameEvent, StreamAdvanced } from './event.js'
import { isFrame, isStale, reduce } from './machine.js'
import type { State } from './state.js'

/**
 * The event as one that only moves the cursor, if that is all it would do in this state; else `null`. Losing such an
 * event costs no more than a replay.
 *
 * @example
 * import assert from 'node:assert'
 * import { asAdvance, Config, defaults, Event, initial } from '@tack-ci/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * const state = initial(config.right)
 * const at = 1_767_225_600_000_000
 * const stranger = Event.decode({
 *   _tag: 'AccountReceived',
 *   active: false,
 *   at,
 *   changedUs: null,
 *   connection: 0,
 *   did: 'did:plc:stranger',
 *   ordinal: null,
 *   seq: null,
 *   status: 'deleted',
 *   timeUs: at
 * })
 * const stop = Event.decode({ _tag: 'StopRequested', at })
 * assert(stranger._tag === 'Right' && stop._tag === 'Right')
 *
 * assert.strictEqual(asAdvance(state, stranger.right)?.lastUs, at)
 * assert.strictEqual(asAdvance(state, stop.right), null)
 */
export const asAdvance = (state: State, event: Event): StreamAdvanced | null =>
  isFrame(event) && !isStale(state, event) && !Cursor.isAwaited(state.config, state.cursor) && saysNothing(state, event)
    ? advanceOf(event)
    : null

/** The frame reduced to its place in the stream; `null` if it has none, or one from the future. */
const advanceOf = (event: FrameEvent): StreamAdvanced | null => {
  if (event._tag === 'StreamAdvanced') return isFromFuture(event.lastUs, event.at) ? null : event
  const { at, connection, ordinal, timeUs } = event
  return timeUs === null || isFromFuture(timeUs, at)
    ? null
    : { _tag: 'StreamAdvanced', at, connection, count: ONE, firstUs: timeUs, lastUs: timeUs, ordinal }
}

/**
 * Whether the frame has nothing else for us: a commit of a stranger, old news of an account, an account that we do not
 * know, or a frame that was rejected before. (Of a commit, only its DID is looked at.)
 */
const saysNothing = (state: State, event: FrameEvent): boolean => {
  switch (event._tag) {
    case 'StreamAdvanced':
      return true
    case 'CommitReceived':
      return Commits.isStranger(state, event.did)
    case 'AccountReceived':
      return (
        Commits.isOutdated(state, event) ||
        !(Commits.isKnown(state, event.did) || Backfill.isReading(state.backfill, event.did))
      )
    case 'FrameRejected':
      return Cursor.isRepeated(state.cursor, event)
  }
}

/** A batch, folded. */
export interface Folded {
  readonly effects: ReadonlyArray<Effect>
  /**
   * The events that changed anything, with runs of cursor moves merged, and triggers without what no build needs. The
   * journal must hold these.
   */
  readonly events: ReadonlyArray<Event>
  /** Whether only the cursor moved, without effects: such a batch need not be made durable at once. */
  readonly isLazy: boolean
  readonly state: State
}

/**
 * Folds a batch. Runs of events that only move the cursor are merged into one before they are stepped. The state is the
 * same as without merging, and the journal grows neither with the noise of the network nor with triggers that begin
 * nothing.
 *
 * @example
 * import assert from 'node:assert'
 * import { clampTimeUs, Config, decodeFrame, defaults, fold, initial } from '@tack-ci/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * const state = initial(config.right)
 * const decode = decodeFrame({ at: clampTimeUs(1_767_225_600_000_000), connection: state.cursor.connection.number })
 * const first = decode('{"did":"did:plc:alice","kind":"identity","time_us":1767225599000000}')
 * const second = decode('{"did":"did:plc:bob","kind":"identity","time_us":1767225599000007}')
 * assert(first._tag === 'Right' && second._tag === 'Right')
 *
 * const folded = fold(state, [first.right, second.right])
 * assert.strictEqual(folded.state.cursor.cursor, 1_767_225_599_000_007)
 * assert.strictEqual(folded.state.counters.frames, 2)
 * assert.strictEqual(folded.events.length, 1)
 * assert.strictEqual(folded.isLazy, true)
 */
export const fold = (start: State, batch: ReadonlyArray<Event>): Folded => {
  const effects: Array<Effect> = []
  const events: Array<Event> = []
  let state = start
  let advance: StreamAdvanced | null = null
  const take = (event: Event): void => {
    const answer = reduce(state, event)
    // An event that changes nothing, such as one of an older connection, is not kept.
    if (O.isNone(answer)) return
    const [after, more] = answer.value
    events.push(slim(event, state.builds, after.builds, more))
    state = after
    for (const effect of more) effects.push(effect)
  }
  for (const event of batch) {
    const mergeable = asAdvance(state, event)
    const merged: StreamAdvanced | null =
      mergeable === null || advance === null ? mergeable : Cursor.merge(advance, mergeable)
    // If our clock was set back in between, stamps of the first part may lie in the future of the second's receipt.
    const isWhole: boolean = merged !== null && !isFromFuture(merged.lastUs, merged.at)
    if (!isWhole && advance !== null) take(advance)
    advance = isWhole ? merged : mergeable
    if (mergeable === null) take(event)
  }
  if (advance !== null) take(advance)
  return {
    effects,
    events,
    isLazy: effects.length === 0 && events.every((event) => event._tag === 'StreamAdvanced'),
    state
  }
}
