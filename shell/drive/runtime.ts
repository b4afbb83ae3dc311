/**
 * The drive loop: takes events that have arrived, folds them, makes them durable, and only then executes the effects. So no effect depends on
 * state that a crash could lose.
 *
 *     deliver ─► inbox ─► folding (core) ─► saver (store) ─► durable state ─► interpreter ─► … ─► deliver
 *
 * Observers see the durable state only.
 */
import * as E from 'fp-ts/lib/Either.js'
import { callAnswer, type Config, type Effect, type Event, orderRefusal, type State, type TimeUs } from '../../core/index.js'
import type { HandleAdmin, HandleCall, Submit } from '../ports.js'
import type { Store } from '../store/index.js'
import { createCallers } from './callers.js'
import { createFolding } from './folding.js'
import { createInbox, nextTurn } from './inbox.js'
import { createInterpreter, type InterpreterPorts } from './interpreter.js'
import { defaultLimits, type Limits } from './limits.js'
import { createSaver } from './saver.js'

export { defaultLimits, type Limits } from './limits.js'

export interface Ports extends InterpreterPorts {
  readonly store: Store
  /** Called at least this often while the loop is alive; a step or a write that hangs silences it. */
  readonly watchdog?: { readonly beat: () => void; readonly everyMs: number }
}

/** Sees every durable batch, before its effects are executed. */
export type Observer = (durable: State, events: ReadonlyArray<Event>, effects: ReadonlyArray<Effect>) => void

export interface Bridge {
  /** The number of events that have arrived and are not folded yet. */
  readonly backlog: () => number
  /** Whether saving works; while it does not, no effects are executed. */
  readonly isSaving: () => boolean
  /** The durable state. */
  readonly durable: () => State
  /**
   * Stops the machine, saves, and closes everything. Resolves when that is done, with `Left` and a sentence if the last events could not be saved.
   * Idempotent.
   */
  readonly stop: () => Promise<E.Either<string, void>>
  /** Delivers an event that came by no connection, like a webhook. */
  readonly submit: Submit
  /** Takes the operator's requests to cancel or retry builds. */
  readonly admin: HandleAdmin
  /** Takes calls of people with rights in a repository. */
  readonly call: HandleCall
  /** Resolves when the bridge has ended. */
  readonly ended: Promise<E.Either<string, void>>
}

/** Starts a bridge on `ports`. It runs until it is stopped. */
export const startBridge = (
  ports: Ports,
  config: Config,
  resumeFrom: TimeUs | null = null,
  observe: Observer = () => undefined,
  limits: Limits = defaultLimits
): Bridge => {
  const { clock, log, store, watchdog } = ports
  let requestStop: (() => void) | null = null
  const stopping = new Promise<void>((resolve) => (requestStop = resolve))
  const isStopping = (): boolean => requestStop === null
  let hasEnded = false

  const deliver = (event: Event, chars = 0): void => inbox.add(event, chars)
  const interpreter = createInterpreter(ports, deliver)
  const inbox = createInbox(limits, interpreter)
  const callers = createCallers()
  const folding = createFolding(store.state, { callers, clock, limits, steps: store.steps ?? null })
  const saver = createSaver({
    beat: () => watchdog?.beat(),
    clock,
    limits,
    log,
    onDue: inbox.wake,
    onFailure: () => {
      callers.answer(false, folding.taken())
      inbox.hold()
    },
    onRecovery: inbox.release,
    stopping,
    store
  })

  const submit: Submit = (event) => {
    if (hasEnded || !saver.isSaving()) return Promise.resolve(false)
    deliver(event)
    return callers.wait(inbox.arrived())
  }

  /** What `judge` says of the very state in which the event is folded, once that is durable: events before it may change the verdict. */
  const judged = async <A>(event: Event, judge: (before: State) => A): Promise<A | 'unsafe'> => {
    let answer: A | 'unsafe' = 'unsafe'
    const safe = submit(event)
    callers.judge(inbox.arrived(), (before) => {
      answer = judge(before)
    })
    return (await safe) ? answer : 'unsafe'
  }
  const admin: HandleAdmin = (event) => judged(event, (before) => orderRefusal(event)(before) ?? 'accepted')
  const call: HandleCall = (event) => judged(event, callAnswer(event))

  /** The next events to fold. Waits until there are some, or a deferred write is due. */
  const take = async (): Promise<ReadonlyArray<Event>> => {
    while (inbox.size() === 0 && !saver.isDue()) {
      watchdog?.beat()
      const cancel = watchdog === undefined ? null : clock.after(watchdog.everyMs, inbox.wake)
      await inbox.news()
      cancel?.()
    }
    const { batch, more } = folding.passed(inbox.take())
    inbox.count(more)
    return batch
  }

  /** Saves what was folded, tells the observers, and executes the effects. `Left` when saving fails for good. */
  const release = async (effects: ReadonlyArray<Effect>): Promise<E.Either<string, void>> => {
    // Sockets are read between folding a batch and writing it, and between two batches.
    await nextTurn()
    const saved = await saver.save()
    if (E.isLeft(saved)) return saved
    await folding.saved()
    callers.answer(true, folding.taken())
    observe(saver.durable(), saved.right, effects)
    effects.forEach(interpreter.execute)
    saver.snapshot()
    return E.right(undefined)
  }

  const drive = async (): Promise<E.Either<string, void>> => {
    while (!(isStopping() && folding.state().isStopped && inbox.size() === 0)) {
      watchdog?.beat()
      const { effects, events, isLazy, rest } = await folding.fold(await take())
      inbox.putBack(rest)
      saver.take(folding.state(), events, isLazy)
      inbox.readOn()
      if (isLazy && !saver.isDue() && !isStopping() && !callers.isWaiting()) saver.wait()
      else {
        const released = await release(effects)
        if (E.isLeft(released)) return released
      }
      await nextTurn()
    }
    return E.right(undefined)
  }

  const end = async (): Promise<E.Either<string, void>> => {
    const driven = await drive()
    hasEnded = true
    callers.answer(false, inbox.arrived())
    // If saving has failed, another attempt is useless.
    await Promise.all([interpreter.close(), saver.end(E.isRight(driven))])
    cancelLate()
    const closed = await store.close()()
    if (E.isLeft(closed)) return E.left(`${closed.left.path}: ${closed.left.message}`)
    return driven
  }

  let cancelLate = (): void => undefined
  deliver({ _tag: 'Started', at: clock.now(), config, resumeFrom })
  const ended = end()
  return {
    admin,
    backlog: inbox.size,
    call,
    durable: saver.durable,
    ended,
    isSaving: saver.isSaving,
    stop: () => {
      if (requestStop !== null) {
        cancelLate = clock.after(limits.stopMs, saver.hurry)
        requestStop()
        requestStop = null
        // Whatever arrives from now on is sent again after the next start.
        inbox.hold()
        deliver({ _tag: 'StopRequested', at: clock.now() })
      }
      return ended
    },
    submit
  }
}
