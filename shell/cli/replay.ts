/**
 * `tack replay FILE`: folds a journal or a trace and prints every step. A trace is one event a line; a journal is one batch a
 * line, as the store writes it.
 *
 * A journal that goes on after a snapshot needs it: the snapshot is taken from the folder of the journal.
 */
import * as E from 'fp-ts/lib/Either.js'
import { canonical, type Effect, type Event, initial, type Json, type State, step } from '../../core/index.js'
import { readReplay } from '../store.js'
import { visible } from '../log.js'

const brief = (fields: { readonly [name: string]: Json }): string =>
  Object.entries(fields)
    .filter(([name, value]) => name !== '_tag' && value !== null)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')

const eventLine = (n: number, event: Event): string => visible(`${String(n).padStart(6)}  ${event._tag}  ${brief(event)}`)
const effectLine = (effect: Effect): string => visible(`        → ${effect._tag}  ${brief(effect._tag === 'Report' ? effect.report : effect)}`)

export const replay = async (path: string, asJson: boolean, print: (text: string) => void, complain: (text: string) => void): Promise<number> => {
  const read = await readReplay(path)()
  if (E.isLeft(read)) {
    complain(`${read.left.path}: ${read.left.message}`)
    return 1
  }
  const { events, start } = read.right
  const first = events[0]
  let state: State | null = start ?? (first?._tag === 'Started' ? initial(first.config) : null)
  if (state === null) {
    complain(`${path}: it does not begin with Started, and there is no snapshot beside it that it goes on from`)
    return 1
  }
  for (const [n, event] of events.entries()) {
    const [after, effects]: readonly [State, ReadonlyArray<Effect>] = step(state, event)
    state = after
    print(asJson ? canonical({ effects: effects as ReadonlyArray<Json>, event: event as Json }) : [eventLine(n + 1, event), ...effects.map(effectLine)].join('\n'))
  }
  return 0
}
