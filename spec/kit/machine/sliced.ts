/** Slices that are driven alone, as the machine would: with whether it is stopped, and without requests while it is. */
import type { Effect, Event, Transition } from '../../../core/index.js'
import { CONFIG } from './config.js'
import type { Machine } from './explore.js'
import { isRequest } from './happenings.js'

/** A slice, and whether the bridge is stopped. */
export interface Sliced<S> {
  readonly isStopped: boolean
  readonly slice: S
}

/** What a reducer answers; `None`: the event is nothing to it. */
type Reduction<S, A> = { readonly _tag: 'None' } | { readonly _tag: 'Some'; readonly value: Transition<S, A> }

type Caused<A> = Exclude<A | Effect, { readonly _tag: 'KnotLeft' }>

const isCaused = <A extends { readonly _tag: string }>(effect: A | Effect): effect is Caused<A> => effect._tag !== 'KnotLeft'

/** What `reduce` does to the slice. */
export const slicedBy =
  <S, E extends { readonly event: Event }, A extends { readonly _tag: string }>(
    reduce: (slice: S, happened: E, given: { readonly config: typeof CONFIG; readonly isStopped: boolean }) => Reduction<S, A | Effect>
  ) =>
  ({ isStopped: was, slice }: Sliced<S>, happened: E): Transition<Sliced<S>, Caused<A>> => {
    const { _tag } = happened.event
    if (was && _tag === 'StopRequested') return [{ isStopped: was, slice }, []]
    const isStopped = _tag === 'StopRequested' || (was && _tag !== 'Started')
    const answer = reduce(slice, happened, { config: CONFIG, isStopped })
    if (answer._tag === 'None') return [{ isStopped, slice }, []]
    const [after, effects] = answer.value
    return [{ isStopped, slice: after }, effects.filter(isCaused).filter((effect) => !(was && isStopped) || !isRequest(effect))]
  }

/** A machine of a slice, with a kind for each of its kinds while the bridge is stopped. */
export const sliced = <S, E>({
  kindOf,
  moves,
  reduce,
  start,
  view
}: Omit<Machine<S, E>, 'prepared' | 'reduce'> & Pick<Machine<Sliced<S>, E>, 'reduce'>): Machine<Sliced<S>, E> => ({
  kindOf: ({ isStopped, slice }) => `${kindOf(slice)}${isStopped ? ', stopped' : ''}`,
  moves: moves.map(({ event, label }) => ({ event: ({ slice }, at) => event(slice, at), label })),
  reduce,
  start: { isStopped: false, slice: start },
  view: ({ slice }) => view(slice)
})
