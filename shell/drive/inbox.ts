/**
 * The inbox: events that have arrived and are not folded yet. While it is full, no socket is read, so TCP slows the peers down.
 */
import { type Event, mayTakeLong } from '../../core/index.js'
import type { Limits } from './limits.js'

/** The connections that events are read from. */
export interface Sources {
  readonly pause: () => void
  readonly resume: () => void
}

export interface Inbox {
  /** Adds an event. `chars` is the length of the text it was decoded from. */
  readonly add: (event: Event, chars: number) => void
  /** How many events have ever arrived: the number of the last one. */
  readonly arrived: () => number
  /** Counts `more` events in addition: a replacement may be longer than the event it replaced. */
  readonly count: (more: number) => void
  readonly size: () => number
  /** Removes the first events in order of arrival, at most a batch. */
  readonly take: () => ReadonlyArray<Event>
  /** Puts back events that were taken and not folded. */
  readonly putBack: (events: ReadonlyArray<Event>) => void
  /** Resolves when an event has arrived, or somebody calls `wake`. */
  readonly news: () => Promise<void>
  readonly wake: () => void
  /** Stops reading until `release`. */
  readonly hold: () => void
  readonly release: () => void
  /** Resumes reading if there is room and no hold. */
  readonly readOn: () => void
}

/** The next turn of the event loop. */
export const nextTurn = (): Promise<void> => new Promise(setImmediate)

type InboxLimits = Pick<Limits, 'batchEvents' | 'batchLong' | 'inboxChars' | 'inboxEvents' | 'inboxLong' | 'turnChars' | 'turnEvents'>

export const createInbox = ({ batchEvents, batchLong, inboxChars, inboxEvents, inboxLong, turnChars, turnEvents }: InboxLimits, sources: Sources): Inbox => {
  let events: Array<Event> = []
  /** Characters that have arrived since the inbox was last empty. */
  let chars = 0
  /** The number of events whose steps may take long. */
  let long = 0
  /** Events that have arrived in this turn of the event loop. */
  let charsInTurn = 0
  let eventsInTurn = 0
  let arrived = 0
  let isPaused = false
  let isHeld = false
  let wake = (): void => undefined

  const pause = (): void => {
    if (isPaused) return
    isPaused = true
    sources.pause()
  }

  const readOn = (): void => {
    const isRoom = events.length <= inboxEvents / 2 && long <= inboxLong / 2 && chars <= inboxChars / 2
    if (!isPaused || isHeld || !isRoom) return
    isPaused = false
    sources.resume()
  }

  return {
    add: (event, length) => {
      events.push(event)
      chars += length
      if (mayTakeLong(event)) long += 1
      arrived += 1
      if (eventsInTurn === 0)
        void nextTurn().then(() => {
          charsInTurn = 0
          eventsInTurn = 0
          readOn()
        })
      charsInTurn += length
      eventsInTurn += 1
      const isTurnOver = eventsInTurn >= turnEvents || charsInTurn >= turnChars
      if (isTurnOver || events.length >= inboxEvents || long >= inboxLong || chars >= inboxChars) pause()
      wake()
    },
    arrived: () => arrived,
    count: (more) => {
      arrived += more
    },
    hold: () => {
      isHeld = true
      pause()
    },
    news: () =>
      new Promise((resolve) => {
        wake = () => {
          wake = () => undefined
          resolve()
        }
      }),
    putBack: (left) => {
      events = [...left, ...events]
      long += left.filter(mayTakeLong).length
      if (events.length === 0) chars = 0
    },
    readOn,
    release: () => {
      isHeld = false
      readOn()
    },
    size: () => events.length,
    take: () => {
      let taken = 0
      let takenLong = 0
      // More could not be folded, and would not count here meanwhile: twice as many could arrive.
      for (; taken < Math.min(events.length, batchEvents); taken++) {
        const event = events[taken]
        if (event === undefined || !mayTakeLong(event)) continue
        if (takenLong === batchLong) break
        takenLong += 1
      }
      const first = events.slice(0, taken)
      events = events.slice(taken)
      long -= takenLong
      return first
    },
    wake: () => wake()
  }
}
