/** CALL, tried. */
import { describe } from 'vitest'
import { Builds, callAnswer, type Event, runOutcome, type RunOutcome } from '../../../core/index.js'
import { callRuns } from '../arbitraries/builds.js'
import { CALL, isByMember, isTaken } from '../laws/calls.js'
import type { Step } from '../laws/fence.js'
import type { Run } from '../laws/run.js'
import { some } from './cases.js'
import { check } from './support.js'

const isCall = (event: Event): event is Extract<Event, { readonly _tag: 'CallReceived' }> => event._tag === 'CallReceived'

const answers = (is: (answer: Builds.CallAnswer, step: Step) => boolean) =>
  some((step) => isCall(step.event) && is(callAnswer(step.event)(step.before), step))

/** Whether what a call has begun comes to that. */
const ends =
  (tag: RunOutcome['_tag']) =>
  ({ steps }: Run): boolean => {
    const begun = steps.flatMap(({ before, event }) => {
      const answer = isCall(event) ? callAnswer(event)(before) : null
      return answer?._tag === 'Begun' ? [answer] : []
    })
    return begun.some((named) => steps.some(({ after, before, effects }) => {
      const isThere = Builds.runOf(before.builds, named.knot, named.rkey) !== null
      return isThere && runOutcome(named)(after, effects)?._tag === tag
    }))
  }

const refuses = (refusal: Builds.CallRefusal) => answers((answer) => answer._tag === 'Refused' && answer.refusal === refusal)

describe('CALL', () => {
  check(CALL, 'CALL-1', callRuns, {
    'a build that is cancelled': answers(({ _tag }) => _tag === 'Cancelled'),
    'a call without a right': refuses('right'),
    'a pipeline that has ended': refuses('ended'),
    'a run that begins': answers(({ _tag }) => _tag === 'Begun'),
    'a workflow that is not there': refuses('workflow')
  })
  check(CALL, 'CALL-2', callRuns, {
    'a token that is over': refuses('expired'),
    'a token that was used': refuses('used'),
    'a token that comes again when it is over': some(({ before, event }) => isTaken(before, event) && event.at < before.builds.tokensUs)
  })
  check(CALL, 'CALL-3', callRuns, {
    'a call by an owner': answers(({ _tag }) => _tag === 'Begun'),
    'a call by a member without a say': answers((answer, { before, event }) => isCall(event) && answer._tag === 'Refused' && answer.refusal === 'right' && isByMember(before, event))
  })
  check(CALL, 'CALL-4', callRuns, {
    'a run that is announced': ends('Announced'),
    'a run that is cancelled before it begins': ends('Cancelled'),
    'a run without files': ends('Empty')
  })
})
