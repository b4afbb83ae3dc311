/**
 * The drive loop: takes events that have arrived, folds them, makes them durable, and only then executes the effects. So no effect is ever based on
 * something that a crash can forget.
 *
 *     deliver ─► inbox ─► fold (core) ─► store.append ─► durable state ─► effects ─► … ─► deliver
 *
 * A batch that only moved the cursor is not worth a write of its own: it waits, at most a second, for company. Observers see the durable state,
 * never a folded one that is not yet safe.
 */
import * as E from 'fp-ts/lib/Either.js'
import {
  aboutOf,
  type Builds,
  type Config,
  type Effect,
  type Event,
  fold,
  mayTakeLong,
  orderRefusal,
  passOver,
  type State,
  type TimeUs
} from '../../core/index.js'
import type { HandleAdmin, Submit } from '../ports.js'
import type { Store } from '../store/index.js'
import type { Noted } from '../store/steps.js'
import { createInterpreter, type InterpreterPorts } from './interpreter.js'

export interface Ports extends InterpreterPorts {
  readonly store: Store
  /** Called at least this often while the loop is alive. A step that hangs silences it, and so does a write that does. */
  readonly watchdog?: { readonly beat: () => void; readonly everyMs: number }
}

/** How much is processed at a time. The defaults keep a turn of the event loop within some 10 ms. */
export interface Limits {
  /** After this many events in one turn of the event loop, every socket waits for the next turn. */
  readonly turnEvents: number
  /** The same, after events from texts of this many characters. */
  readonly turnChars: number
  /**
   * This many events make a full inbox, which pauses every socket until half of them are left. It is more than one batch, so that the next one is
   * ready when one has been written.
   */
  readonly inboxEvents: number
  /**
   * Events from texts of this many characters fill the inbox as well, until all of them are taken. A batch is one line of the journal, and strings
   * have a longest length.
   */
  readonly inboxChars: number
  readonly batchEvents: number
  readonly batchMs: number
  /** How long a mere move of the cursor may wait to be written. */
  readonly lazyMs: number
  /**
   * A journal that has grown as large as the last snapshot triggers the next one, so that a start after a crash takes as long as what is kept
   * makes it, whatever happened; but none so small that snapshots would follow one another, and none larger than that.
   */
  readonly journalBytes: { readonly least: number; readonly most: number }
  /**
   * A stop writes a snapshot, so that a later version need not understand today's journal. If that takes longer than this, it is called off: the
   * journal has everything.
   */
  readonly stopMs: number
  /** The pauses between attempts to save after a failure: doubled from the first to the last. */
  readonly rescueMs: { readonly first: number; readonly last: number }
}

export const defaultLimits: Limits = {
  turnEvents: 500,
  turnChars: 1024 * 1024,
  inboxEvents: 3_000,
  inboxChars: 16 * 1024 * 1024,
  batchEvents: 1_500,
  batchMs: 10,
  lazyMs: 1_000,
  journalBytes: { least: 4 * 1024 * 1024, most: 128 * 1024 * 1024 },
  stopMs: 3_000,
  rescueMs: { first: 250, last: 30_000 }
}

/** Sees every durable batch, before its effects are executed. */
export type Observer = (durable: State, events: ReadonlyArray<Event>, effects: ReadonlyArray<Effect>) => void

export interface Bridge {
  /** The number of events that have arrived and are not folded yet. */
  readonly backlog: () => number
  /** Whether saving works; nothing is done while it does not. */
  readonly isSaving: () => boolean
  /** The state that a crash cannot take away. */
  readonly durable: () => State
  /**
   * Stops the machine, saves, closes everything. Resolves when all that is done; to `Left` with a sentence when the last events could not be saved.
   * Idempotent.
   */
  readonly stop: () => Promise<E.Either<string, void>>
  /** For what happens outside of the connections, like a webhook. */
  readonly submit: Submit
  /** For requests of the operator to cancel or retry builds. */
  readonly admin: HandleAdmin
  /** Resolves when the bridge has ended. */
  readonly ended: Promise<E.Either<string, void>>
}

const nextTurn = (): Promise<void> => new Promise(setImmediate)

/** The limit of possibly long steps noted at once. */
const NOTED = 64

/** How many events are folded between two looks at the clock. */
const SLICE = 100

/** Starts a bridge on `ports`. It runs until it is stopped. */
export const startBridge = (
  ports: Ports,
  config: Config,
  resumeFrom: TimeUs | null = null,
  observe: Observer = () => undefined,
  limits: Limits = defaultLimits
): Bridge => {
  const { clock, log, store, watchdog } = ports
  const steps = store.steps ?? null
  let wanted = steps?.wanted ?? null
  let inbox: Array<Event> = []
  /** Characters of the texts that have arrived since the inbox was empty. */
  let inboxChars = 0
  /** Events that have arrived in this turn of the event loop. */
  let turnEvents = 0
  /** Characters of the texts of these. */
  let turnChars = 0
  /** Events that have arrived, and how many of them are folded. */
  let arrived = 0
  let taken = 0
  /** Callers that wait to hear whether the `number`th event is safe. */
  let waiting: ReadonlyArray<{ readonly number: number; readonly tell: (isSafe: boolean) => void }> = []
  /** Callers that want to see the state in which the `number`th event is folded, in order of arrival. */
  let judging: ReadonlyArray<{ readonly number: number; readonly judge: (before: State) => void }> = []
  let wake: () => void = () => undefined
  let isPaused = false
  let isStopping = false
  let isSaving = true
  let hasEnded = false
  let cancelLate: () => void = () => undefined
  let cancelBeat: () => void = () => undefined
  /** Whether an event was passed over that is not durable yet. */
  let isPassing = false
  let requestStop: () => void = () => undefined
  const stopRequested = new Promise<void>((resolve) => (requestStop = resolve))

  /** The folded state. Ahead of `durable` by `unsaved`, all of which only move the cursor. */
  let state = store.state
  let unsaved: Array<Event> = []
  let durable = store.state
  let cancelFlush: (() => void) | null = null
  let isFlushDue = false
  let snapshot: Promise<void> | null = null
  /** Call off the running snapshot: because another one follows, or because it is late. */
  const isReplaced = new AbortController()
  const isLate = new AbortController()
  /** The size of the journal before which a failed snapshot is not tried again. */
  let retryBytes = 0

  const deliver = (event: Event, chars = 0): void => {
    inbox.push(event)
    inboxChars += chars
    arrived += 1
    if (turnEvents === 0)
      void nextTurn().then(() => {
        turnEvents = 0
        turnChars = 0
        resumeIfRoom()
      })
    turnEvents += 1
    turnChars += chars
    const isTurnOver = turnEvents >= limits.turnEvents || turnChars >= limits.turnChars
    if (isTurnOver || inbox.length >= limits.inboxEvents || inboxChars >= limits.inboxChars) pauseReading()
    wake()
  }
  const interpreter = createInterpreter(ports, deliver)

  const submit: Submit = (event) =>
    new Promise((resolve) => {
      if (hasEnded || !isSaving) {
        resolve(false)
        return
      }
      deliver(event)
      waiting = [...waiting, { number: arrived, tell: resolve }]
    })

  const admin: HandleAdmin = async (event) => {
    let refusal = null as Builds.OrderRefusal | null
    const safe = submit(event)
    // Events between it and its turn may change the outcome.
    judging = [...judging, { judge: (before) => (refusal = orderRefusal(event)(before)), number: arrived }]
    return (await safe) ? (refusal ?? 'accepted') : 'unsafe'
  }

  /** Answers callers that wait for one of the first `until` events. */
  const answer = (isSafe: boolean, until: number): void => {
    const due = waiting.filter(({ number }) => number <= until)
    waiting = waiting.filter(({ number }) => number > until)
    for (const { tell } of due) tell(isSafe)
  }

  const pauseReading = (): void => {
    if (isPaused) return
    isPaused = true
    interpreter.pause()
  }

  const resumeIfRoom = (): void => {
    const isRoom = inbox.length <= limits.inboxEvents / 2 && inboxChars <= limits.inboxChars / 2
    if (!isPaused || !isSaving || !isRoom) return
    isPaused = false
    interpreter.resume()
  }

  /** The batch with what the operator wants in place of the event that is to be passed over. */
  const withoutWanted = (batch: ReadonlyArray<Event>, { about, of }: Noted): ReadonlyArray<Event> => {
    const i = batch.findIndex((event) => event._tag === of && aboutOf(event) === about)
    const event = batch[i]
    const instead = event === undefined ? null : passOver(clock.now(), event)
    if (instead === null) return batch
    wanted = null
    isPassing = true
    // They count as the one that arrived.
    arrived += instead.length - 1
    const moved = (number: number): number => (number > taken + i ? number + instead.length - 1 : number)
    waiting = waiting.map((one) => ({ ...one, number: moved(one.number) }))
    judging = judging.map((one) => ({ ...one, number: moved(one.number) }))
    return [...batch.slice(0, i), ...instead, ...batch.slice(i + 1)]
  }

  /** The next events to fold, in order of arrival. Waits until there are some, or unsaved ones are due. */
  const take = async (): Promise<ReadonlyArray<Event>> => {
    while (inbox.length === 0 && !isFlushDue) await new Promise<void>((resolve) => {
      wake = resolve
      if (watchdog === undefined) return
      watchdog.beat()
      cancelBeat = clock.after(watchdog.everyMs, resolve)
    })
    cancelBeat()
    wake = () => undefined
    const batch = inbox.slice(0, limits.batchEvents)
    inbox = inbox.slice(batch.length)
    return wanted === null ? batch : withoutWanted(batch, wanted)
  }

  /** Folds as much of `batch` as fits into the time for one batch; returns the rest. */
  const foldBatch = async (batch: ReadonlyArray<Event>): Promise<{ readonly effects: ReadonlyArray<Effect>; readonly isLazy: boolean }> => {
    const long = steps === null ? [] : batch.filter(mayTakeLong).slice(0, NOTED)
    if (long.length > 0) await steps?.begin(long)
    const untilUs = clock.now() + limits.batchMs * 1000
    const effects: Array<Effect> = []
    let isLazy = true
    let done = 0
    let noted = 0
    do {
      const first = batch[done]
      if (first !== undefined && mayTakeLong(first) && long.length > 0) {
        // Events that are not noted wait for the next batch.
        if (noted === long.length) break
        await steps?.at(noted)
        noted += 1
      }
      const number = taken + done + 1
      for (const { judge } of judging.filter((one) => one.number === number)) judge(state)
      judging = judging.filter((one) => one.number > number)
      const [next] = judging
      const from = done
      const nextLong = long.length === 0 ? -1 : batch.findIndex((event, i) => i > from && mayTakeLong(event))
      const until = nextLong < 0 ? batch.length : nextLong
      const slice = batch.slice(done, Math.min(done + SLICE, until, next === undefined ? batch.length : next.number - taken - 1))
      const folded = fold(state, slice)
      done += slice.length
      state = folded.state
      unsaved.push(...folded.events)
      for (const effect of folded.effects) effects.push(effect)
      isLazy &&= folded.isLazy
    } while (done < batch.length && clock.now() < untilUs)
    if (long.length > 0) await steps?.end()
    taken += done
    inbox = [...batch.slice(done), ...inbox]
    if (inbox.length === 0) inboxChars = 0
    return { effects, isLazy }
  }

  const armFlush = (): void => {
    cancelFlush ??= clock.after(limits.lazyMs, () => {
      isFlushDue = true
      wake()
    })
  }

  const disarmFlush = (): void => {
    cancelFlush?.()
    cancelFlush = null
    isFlushDue = false
  }

  /** Waits `ms`, or until the bridge is to stop. */
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const cancel = clock.after(ms, resolve)
      void stopRequested.then(() => {
        cancel()
        resolve()
      })
    })

  /** Saves the whole state anew, until that works: a journal that failed to take a line cannot be trusted with the next. */
  const rescue = async (): Promise<E.Either<string, void>> => {
    isSaving = false
    pauseReading()
    for (let ms = limits.rescueMs.first; ; ms = Math.min(ms * 2, limits.rescueMs.last)) {
      await pause(ms)
      watchdog?.beat()
      const saved = await store.rescue(state)()
      if (E.isRight(saved)) break
      log.error('save failed again', { path: saved.left.path, reason: saved.left.message })
      if (isStopping) return E.left(`${saved.left.path}: ${saved.left.message}`)
    }
    isSaving = true
    log.info('saving recovered; nothing was lost')
    resumeIfRoom()
    return E.right(undefined)
  }

  /** Makes everything folded so far durable. */
  const save = async (): Promise<E.Either<string, void>> => {
    disarmFlush()
    if (unsaved.length === 0) return E.right(undefined)
    const saved = await store.append(unsaved)()
    if (E.isLeft(saved)) {
      answer(false, taken)
      log.error('save failed: reading is paused until saving recovers', { path: saved.left.path, reason: saved.left.message })
      const rescued = await rescue()
      if (E.isLeft(rescued)) return rescued
    }
    unsaved = []
    durable = state
    return E.right(undefined)
  }

  const takeSnapshot = (): void => {
    const { least, most } = limits.journalBytes
    const due = Math.min(most, Math.max(least, store.snapshotBytes()))
    if (snapshot !== null || store.journalBytes() < Math.max(due, retryBytes)) return
    snapshot = store
      .snapshot(durable, isReplaced.signal)()
      .then((saved) => {
        if (E.isLeft(saved) && !isReplaced.signal.aborted)
          log.warn('snapshot failed: the journal goes on', { path: saved.left.path, reason: saved.left.message })
        // A failed snapshot is not retried at once: what it wrote takes room that the journal may need.
        retryBytes = E.isLeft(saved) ? store.journalBytes() + due / 4 : 0
        snapshot = null
      })
  }

  /** Writes a snapshot at the stop, so that no journal is left, if time and room allow. */
  const takeLastSnapshot = async (): Promise<void> => {
    isReplaced.abort()
    await snapshot
    if (store.journalBytes() === 0) return
    const saved = await store.snapshot(durable, isLate.signal)()
    if (E.isLeft(saved))
      log.warn('snapshot at stop failed: nothing is lost, but start and stop tack once more before an upgrade', {
        path: saved.left.path,
        reason: saved.left.message
      })
  }

  const drive = async (): Promise<E.Either<string, void>> => {
    while (!(isStopping && state.isStopped && inbox.length === 0)) {
      watchdog?.beat()
      const { effects, isLazy } = await foldBatch(await take())
      resumeIfRoom()
      // One event for all that has moved the cursor since: what strangers write must not make the journal grow.
      if (isLazy) unsaved = [...fold(durable, unsaved).events]
      if (isLazy && !isFlushDue && !isStopping && waiting.length === 0) armFlush()
      else {
        // Let sockets be read between folding a batch and writing it, and between two batches.
        await nextTurn()
        const events = unsaved
        const saved = await save()
        if (E.isLeft(saved)) return saved
        if (isPassing) {
          isPassing = false
          await steps?.passed()
        }
        answer(true, taken)
        observe(durable, events, effects)
        effects.forEach(interpreter.execute)
        takeSnapshot()
      }
      await nextTurn()
    }
    return E.right(undefined)
  }

  const end = async (): Promise<E.Either<string, void>> => {
    const driven = await drive()
    hasEnded = true
    answer(false, arrived)
    disarmFlush()
    // If saving fails, one more try is useless.
    await Promise.all([interpreter.close(), E.isRight(driven) ? takeLastSnapshot() : snapshot])
    cancelLate()
    const closed = await store.close()()
    if (E.isLeft(closed)) return E.left(`${closed.left.path}: ${closed.left.message}`)
    return driven
  }

  deliver({ _tag: 'Started', at: clock.now(), config, resumeFrom })
  const ended = end()
  return {
    backlog: () => inbox.length,
    durable: () => durable,
    ended,
    isSaving: () => isSaving,
    stop: () => {
      if (!isStopping) {
        isStopping = true
        cancelLate = clock.after(limits.stopMs, () => isLate.abort())
        requestStop()
        deliver({ _tag: 'StopRequested', at: clock.now() })
      }
      return ended
    },
    admin,
    submit
  }
}
