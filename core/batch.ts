/**
 * Batches: events that only move the cursor are merged before they are stepped, and what the journal need not hold is
 * left out.
 */
import * as O from 'fp-ts/lib/Option.js'
import * as Backfill from './backfill.js'
import * as Commits from './commits/index.js'
import * as Cursor from './cursor/index.js'
import { isFromFuture } from './data/identifiers.js'
import { ONE } from './data/natural.js'
import type { Effect } from './effect.js'
import type { Event, StreamAdvanced } from './event.js'
import { isStale, stepped } from './machine.js'
import { slim } from './slim.js'
import type { State } from './state.js'

/**
 * The event as one that only moves the cursor, if that is all it would do in this state; else `null`. To lose such an
 * event means no more than a replay.
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
export const asAdvance = (state: State, event: Event): StreamAdvanced | null => {
  const advance = advanceOf(event)
  const onlyMoves =
    advance !== null &&
    !isStale(state, event) &&
    !Cursor.isAwaited(state.config, state.cursor) &&
    !isFromFuture(advance.lastUs, advance.at) &&
    saysNothing(state, event)
  return onlyMoves ? advance : null
}

/**
 * What is left of a frame when only its place in the stream is looked at; `null` when it has none, or the event is no
 * frame.
 */
const advanceOf = (event: Event): StreamAdvanced | null => {
  switch (event._tag) {
    case 'StreamAdvanced':
      return event
    case 'CommitReceived':
    case 'AccountReceived':
    case 'FrameRejected': {
      const { at, connection, ordinal, timeUs } = event
      return timeUs === null
        ? null
        : { _tag: 'StreamAdvanced', at, connection, count: ONE, firstUs: timeUs, lastUs: timeUs, ordinal }
    }
    default:
      return null
  }
}

/**
 * Whether there is nothing else in the frame for us: a commit of a stranger, no news of an account, an account that we
 * do not know, or what was rejected before. (Of a commit, only whose it is is looked at.)
 */
const saysNothing = (state: State, event: Event): boolean => {
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
    default:
      return false
  }
}

/** A batch, folded. */
export interface Folded {
  readonly effects: ReadonlyArray<Effect>
  /**
   * What was stepped and changed anything, with runs of events that only move the cursor merged, and without what a
   * trigger brought that no build needs. The journal must hold this.
   */
  readonly events: ReadonlyArray<Event>
  /** Whether the cursor is all that moved, and nothing is to be done: such a batch need not be made durable at once. */
  readonly isLazy: boolean
  readonly state: State
}

/**
 * Folds a batch. Runs of events that only move the cursor are merged into one before they are stepped: the state is the
 * same, and the journal does not grow with the noise of the network, nor with what triggers bring that come to nothing.
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
    const answer = stepped(state, event)
    // What changes nothing and causes nothing, like an event of an older connection, is not worth remembering.
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
    // Where our clock was set back in between, the stamps of the first part would count as future for the second's
    // receipt.
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
