/** NONINTERFERENCE: who is not admitted is not heard where it matters. The words are in laws.md. */
import type { Event, Natural } from '../../../core/index.js'
import { because, equal, every, all, type Laws, type Verdict } from './law.js'
import { membersIn } from './model.js'
import { accountsOf, configured, knotEffectsOf, knotsText, type Run, runOf } from './run.js'

/** All DIDs that are the owner or a member after any step of the run. */
export const admittedIn = (run: Run): ReadonlySet<string> => {
  const admitted = new Set<string>([run.config.owner])
  configured(run, ({ after }, config) => {
    admitted.add(config.owner)
    for (const subject of membersIn(accountsOf(after), config).keys()) admitted.add(subject)
    return true
  })
  return admitted
}

/** Whether the event is one of somebody in `dids`, or of nobody in particular. */
export const isBy = (dids: ReadonlySet<string>, event: Event): boolean =>
  (event._tag !== 'CommitReceived' && event._tag !== 'AccountReceived') || dids.has(event.did)

/** A frame that says nothing, in the place of this one. */
const emptied = (event: Event): Event =>
  event._tag === 'CommitReceived' || event._tag === 'AccountReceived'
    ? {
        _tag: 'StreamAdvanced',
        at: event.at,
        connection: event.connection,
        count: 1 as Natural,
        firstUs: event.timeUs,
        lastUs: event.timeUs,
        ordinal: event.ordinal
      }
    : event

export const NONINTERFERENCE = {
  'NONINTERFERENCE-1': (run: Run): Verdict => {
    const admitted = admittedIn(run)
    // Where a stranger's frame stood in the stream is all that is left of it.
    const erased = runOf(
      run.config,
      run.steps.map(({ event }) => (isBy(admitted, event) ? event : emptied(event)))
    )
    return all(
      equal('steps', erased.steps.length, run.steps.length),
      every(run.steps, (step, i) => {
        const alone = erased.steps[i] ?? step
        return all(
          because(knotsText(step.after) === knotsText(alone.after), () => 'the knots differ'),
          equal('effects', knotEffectsOf(step.effects), knotEffectsOf(alone.effects))
        )
      }),
      every(run.steps, ({ after, before, effects, event }) =>
        because(
          isBy(admitted, event) || (knotsText(after) === knotsText(before) && knotEffectsOf(effects).length === 0),
          () => 'a stranger reached the knots'
        )
      )
    )
  }
} satisfies Laws
