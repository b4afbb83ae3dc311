/**
 * The inbox: events that have arrived and are not folded yet. While it is full, no socket is read, and what peers send waits in the kernel.
 */
import type { Event } from '../../core/index.js'
import type { Limits } from './limits.js'

/** Everything that events are read from. */
export interface Sources {
  readonly pause: () => void
  readonly resume: () => void
}

export interface Inbox {
  /** Takes an event in. `chars` is the length of the text it came from. */
  readonly add: (event: Event, chars: number) => void
  /** How many events have ever arrived: the number of the last one. */
  readonly arrived: () => number
  /** What stands for one event counts as that many more. */
  readonly count: (more: number) => void
  readonly size: () => number
  /** The first events, at most `max`, in order of arrival. */
  readonly take: (max: number) => ReadonlyArray<Event>
  /** Puts back what was taken and not folded. */
  readonly putBack: (events: ReadonlyArray<Event>) => void
  /** Resolves when an event has arrived, or somebody calls `wake`. */
  readonly news: () => Promise<void>
  readonly wake: () => void
  /** Stops reading, until `release`. */
  readonly hold: () => void
  readonly release: () => void
  /** Reads on, if there is room and nothing holds it. */
  readonly readOn: () => void
}

/** The next turn of the event loop. */
export const nextTurn = (): Promise<void> => new Promise(setImmediate)

type InboxLimits = Pick<Limits, 'inboxChars' | 'inboxEvents' | 'turnChars' | 'turnEvents'>

export const createInbox = ({ inboxChars, inboxEvents, turnChars, turnEvents }: InboxLimits, sources: Sources): Inbox => {
  let events: Array<Event> = []
  /** Characters of the texts that have arrived since it was empty. */
  let chars = 0
  /** What has arrived in this turn of the event loop. */
  let inTurn = { chars: 0, events: 0 }
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
    const isRoom = events.length <= inboxEvents / 2 && chars <= inboxChars / 2
    if (!isPaused || isHeld || !isRoom) return
    isPaused = false
    sources.resume()
  }

  return {
    add: (event, length) => {
      events.push(event)
      chars += length
      arrived += 1
      if (inTurn.events === 0)
        void nextTurn().then(() => {
          inTurn = { chars: 0, events: 0 }
          readOn()
        })
      inTurn = { chars: inTurn.chars + length, events: inTurn.events + 1 }
      const isTurnOver = inTurn.events >= turnEvents || inTurn.chars >= turnChars
      if (isTurnOver || events.length >= inboxEvents || chars >= inboxChars) pause()
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
      if (events.length === 0) chars = 0
    },
    readOn,
    release: () => {
      isHeld = false
      readOn()
    },
    size: () => events.length,
    take: (max) => {
      const first = events.slice(0, max)
      events = events.slice(first.length)
      return first
    },
    wake: () => wake()
  }
}
