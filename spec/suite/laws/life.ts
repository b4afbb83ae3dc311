/**
 * The naive model of connections: what the life of Jetstream's connection, and of every knot's, should look like from outside.
 *
 * The core keeps phases, numbers and attempts as values inside larger states and moves them in several reducers; here they
 * are four plain fields. Only what may happen to a connection is modelled, not what comes over it.
 */
import type { Backoff, Connections, Effect, Event, State } from '../../../core/index.js'
import { all, equal, type Verdict } from './law.js'

export interface Life {
  /** How many losses there have been since the connection was last healthy. */
  losses: number
  number: number
  openedAt: number
  phase: 'Idle' | 'Connecting' | 'Open' | 'Waiting'
}

/** One thing that happened to a connection: what was expected of the machine, and what it did. */
export interface Moment {
  readonly after: State
  readonly before: State
  readonly connections: ReadonlyArray<Expected>
  readonly effects: ReadonlyArray<Effect>
  readonly event: Event
  readonly expected: ReadonlyArray<unknown>
  /** Which command it was, and whether it had reached an older connection. */
  readonly kind: string
}

/** A connection as the machine has it, beside what it should be. */
export interface Expected {
  readonly found: Connections.Connection | null
  readonly life: Life
}

/** The pause after a loss: doubled from `baseMs` for each loss since health, at most `capMs`, anything down to nothing. */
export const pauseAfter = ({ baseMs, capMs }: Backoff, losses: number): { readonly highMs: number; readonly lowMs: number } => {
  const doubled = BigInt(baseMs) << BigInt(losses)
  return { highMs: doubled < BigInt(capMs) ? Number(doubled) : capMs, lowMs: 0 }
}

export const isLive = ({ phase }: Life): boolean => phase === 'Connecting' || phase === 'Open'

/** The connection is lost at `at`, and is to be number `next`. Returns the pause that must be asked for. */
export const lose = (life: Life, backoff: Backoff, at: number, next: number) => {
  if (life.phase === 'Open' && at - life.openedAt >= backoff.healthyAfterMs * 1000) life.losses = 0
  const pause = pauseAfter(backoff, life.losses)
  life.losses++
  life.phase = 'Waiting'
  life.number = next
  return pause
}

/** A new connection, number `number`, as after a start. */
export const begin = (life: Life, number: number): void => {
  life.losses = 0
  life.number = number
  life.phase = 'Connecting'
}

/** Whatever still happens to the older ones is void. */
export const stop = (life: Life, number: number): void => {
  life.losses = 0
  life.number = number
  life.phase = 'Idle'
}

/** Whether the machine did what the model says, and is where the model is. */
export const agrees = ({ connections, effects, expected }: Moment): Verdict =>
  all(
    equal('effects', effects, expected),
    ...connections.map(({ found, life }) =>
      equal('connection', found, {
        attempt: life.losses,
        number: life.number,
        phase: life.phase === 'Open' ? { _tag: 'Open', openedAt: life.openedAt } : { _tag: life.phase }
      })
    )
  )
