/** How a call would be answered (S17). */
import * as Builds from '../builds/index.js'
import type { CallReceived } from '../event.js'
import type { State } from '../state.js'

/**
 * How a call would be answered in this state. The shell gives this answer to the caller.
 *
 * @example
 * import assert from 'node:assert'
 * import { callAnswer, Config, defaults, Event, initial } from '@tack-ci/core'
 *
 * const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
 * assert(config._tag === 'Right')
 * const call = Event.decode({
 *   _tag: 'CallReceived',
 *   at: 1_767_225_600_000_000,
 *   call: { _tag: 'CancelPipeline', pipeline: '3mbd3542k2222', repo: 'did:plc:app', workflows: null },
 *   caller: 'did:plc:stranger',
 *   token: { id: 'x', untilUs: 1_767_225_660_000_000 }
 * })
 * assert(call._tag === 'Right' && call.right._tag === 'CallReceived')
 * assert.deepStrictEqual(callAnswer(call.right)(initial(config.right)), { _tag: 'Refused', refusal: 'right' })
 */
export const callAnswer =
  (call: CallReceived) =>
  (state: State): Builds.CallAnswer =>
    Builds.answerTo(state, state.builds, call)
