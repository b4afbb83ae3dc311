/**
 * What the lives of a build, of a run and of a reading have in common: each is found by driving the whole machine, and looking at one
 * of them.
 */
import { type Effect, type Event, type Natural, type State, step, type Transition } from '../../../core/index.js'

/** An event, and what has become of the state before it, where it needs that. */
export interface Happening {
  readonly event: Event
  readonly given?: (state: State) => State
}

/** The number that comes next in every state that stands for a kind, so that it can be seen how many were taken. */
export const NEXT = 1_000 as Natural

/** The attempt in every state that stands for a kind, so that it can be seen where it becomes one more, or 0. */
export const ATTEMPT = 7 as Natural

/** The attempts from which one more has another outcome. */
export const LIMITS = { any: 30 as Natural, final: 5 as Natural }

/** How many numbers were taken, and what became of `attempt`. */
export const counted = (next: number, attempt: number) => ({
  '1 number': next === NEXT + 1,
  '2 numbers': next === NEXT + 2,
  '`attempt` + 1': [ATTEMPT, LIMITS.any, LIMITS.final - 1].some((before) => attempt === before + 1),
  '`attempt` 0': attempt === 0
})

/** What is done about connections, which have lives of their own. */
const OTHERS: ReadonlySet<string> = new Set(['CloseJetstream', 'OpenJetstream', 'SubscribeKnot', 'UnsubscribeKnot'])

const isOurs = (effect: Effect): boolean => !OTHERS.has(effect._tag) && !(effect._tag === 'Report' && effect.report._tag === 'Gap')

const NEWS: ReadonlySet<string> = new Set(['CollaboratorTold', 'PublishPipeline', 'PublishStatus', 'Report'])

/** Whether it is a request or a timer: what is left out while the bridge is stopped. What parts of the core tell each other is none. */
export const isRequest = ({ _tag }: { readonly _tag: string }): boolean => !NEWS.has(_tag)

/** An effect as the tables name it: a timer by what it is for, a status with what it says. */
type Named = { readonly _tag: string; readonly report?: { readonly _tag: string } }

const named = (effect: Effect): Named => {
  switch (effect._tag) {
    case 'WakeAfter':
      return { _tag: effect.timer._tag }
    case 'PublishStatus':
      return { _tag: `PublishStatus ${effect.entry.status}` }
    case 'Report': {
      const { report } = effect
      return { _tag: 'Report', report: { _tag: 'reason' in report ? `${report._tag}/${report.reason}` : report._tag } }
    }
    default:
      return effect
  }
}

/** What the machine does, as far as builds and backfill cause it. */
export const happen = (state: State, { event, given = (same) => same }: Happening): Transition<State, Named> => {
  const [after, effects] = step(given(state), event)
  return [after, effects.filter(isOurs).map(named)]
}
