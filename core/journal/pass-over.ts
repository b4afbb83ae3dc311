/**
 * Passing over an event. Every step ends, and whatever could make one long is bounded; but a bound can be wrong. Then
 * the shell knows which event it was, and the operator may have it passed over. This file decides what happens in its
 * stead.
 */
import type { TimeUs } from '../data/identifiers.js'
import type { Event, PassedOver } from '../event.js'

/** The text in an event in place of what was passed over. */
export const PASSED_OVER = 'passed over by the operator'

/**
 * Whether the event carries so much that others wrote, or touches so much that is kept, that its step may take long.
 *
 * @example
 * import assert from 'node:assert'
 * import { Config, defaults, Event, mayTakeLong } from '@tack-ci/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * const at = 1_767_225_600_000_000
 * const started = Event.decode({ _tag: 'Started', at, config: config.right, resumeFrom: null })
 * const stopped = Event.decode({ _tag: 'StopRequested', at })
 * assert(started._tag === 'Right' && stopped._tag === 'Right')
 * assert.deepStrictEqual([started.right, stopped.right].map(mayTakeLong), [true, false])
 */
export const mayTakeLong = (event: Event): boolean => {
  switch (event._tag) {
    case 'Started':
    case 'RecordsRead':
    case 'WorkflowsRead':
    case 'RetryRequested':
      return true
    case 'KnotReceived':
      return event.payload._tag === 'Trigger'
    default:
      return false
  }
}

/**
 * Identifies an event whose step does not end. The text is the same when the event comes again after a restart, under
 * another number.
 *
 * @example
 * import assert from 'node:assert'
 * import { aboutOf, Event } from '@tack-ci/core'
 *
 * const retry = Event.decode({
 *   _tag: 'RetryRequested', at: 1_767_225_600_000_000, knot: 'knot.example', rkey: '3mbd3542k2222', workflow: null
 * })
 * assert(retry._tag === 'Right')
 * assert.strictEqual(aboutOf(retry.right), 'knot.example/3mbd3542k2222')
 */
export const aboutOf = (event: Event): string => {
  switch (event._tag) {
    case 'KnotReceived':
      return `${event.nsid} ${event.host}/${event.rkey}`
    case 'WorkflowsRead':
    case 'RetryRequested':
      return `${event.knot}/${event.rkey}`
    case 'RecordsRead':
      return `${event.did} ${event.collection} ${event.records[0]?.rkey ?? '-'}`
    default:
      return ''
  }
}

/** The event that says that `event` was passed over at that time. */
const passedOver = (at: TimeUs, event: Event): PassedOver => ({
  _tag: 'PassedOver',
  about: aboutOf(event),
  at,
  of: event._tag
})

/**
 * The events in place of one that is passed over: first that it was, then what must be known all the same so that it is
 * not asked for again. The knot's cursor moves past a trigger; files count as none; a page counts as empty. `null` for
 * a start: without it nothing runs.
 *
 * @example
 * import assert from 'node:assert'
 * import { clampTimeUs, Event, passOver } from '@tack-ci/core'
 *
 * const at = clampTimeUs(1_767_225_600_000_000)
 * const files = Event.decode({
 *   _tag: 'WorkflowsRead',
 *   at,
 *   defaultBranch: null,
 *   knot: 'knot.example',
 *   number: 7,
 *   rkey: '3mbd354mf2222',
 *   sources: [],
 *   unkept: [],
 *   workflows: []
 * })
 * assert(files._tag === 'Right')
 *
 * const instead = passOver(at, files.right)
 * assert.deepStrictEqual(instead?.[0], {
 *   _tag: 'PassedOver',
 *   about: 'knot.example/3mbd354mf2222',
 *   at,
 *   of: 'WorkflowsRead'
 * })
 * assert.deepStrictEqual(instead?.[1]?._tag, 'WorkflowsRead')
 */
export const passOver = (at: TimeUs, event: Event): ReadonlyArray<Event> | null => {
  const first = passedOver(at, event)
  switch (event._tag) {
    case 'Started':
      return null
    case 'KnotReceived':
      return [first, { ...event, payload: { _tag: 'Unreadable', detail: PASSED_OVER } }]
    case 'WorkflowsRead':
      return [first, { ...event, sources: event.sources === null ? null : [], workflows: [] }]
    case 'RecordsRead':
      return [first, { ...event, records: [] }]
    default:
      return [first]
  }
}
