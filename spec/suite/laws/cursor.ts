/** CURSOR: what holds of how far we have come, where we resume, and what we say about loss. The words are in laws.md. */
import * as O from 'fp-ts/lib/Option.js'
import {
  type Config,
  Cursor,
  type Effect,
  type Event,
  type FrameRejected,
  type Report,
  type TimeUs,
  type Transition
} from '../../../core/index.js'
import { pure, type Step, take } from './fence.js'
import { all, because, equal, every, type Laws, same, type Verdict, when } from './law.js'
import { agrees, type Moment } from './life.js'
import { end, FUTURE_US, isAwaited, isFrame, isStale, reportsOf, rowsText, type Run, stampsOf } from './run.js'

// ---------------------------------------------------------------------------------------- helpers

const gapsIn = (step: Step): ReadonlyArray<Report> => reportsOf(step.effects).filter((report) => report._tag === 'Gap')

/** The same frame as one that was not understood, with its stamp. */
const rejected = (event: Event): FrameRejected | null =>
  isFrame(event) && event._tag !== 'StreamAdvanced'
    ? {
        _tag: 'FrameRejected',
        at: event.at,
        collection: null,
        connection: event.connection,
        detail: '',
        did: null,
        operation: null,
        ordinal: event.ordinal,
        reason: 'record',
        rkey: null,
        timeUs: event.timeUs
      }
    : null

const withoutDid = (report: Report): Report => (report._tag === 'FrameFromFuture' ? { ...report, did: null } : report)

/** The stamps of a frame that is taken. */
const arrived = ({ before, event }: Step) => (isFrame(event) && !isStale(before, event) ? stampsOf(event) : null)

const isConnected = ({ before }: Step): boolean =>
  before.cursor.connection.phase._tag === 'Connecting' || before.cursor.connection.phase._tag === 'Open'

const MAX_US = Number.MAX_SAFE_INTEGER

/**
 * Where the next connection must ask to start, found by looking at the whole past: what an operator asked for or a resume
 * asked for stays asked for until an event has answered; three losses at one place go beyond it; else a little before the
 * cursor, but not before what was passed. And by which number: that of the frame that the cursor stands on, if it came from the
 * server that is asked.
 */
const resumes = (run: Run, look: (step: Step, expected: Resumption) => Verdict): Verdict => {
  let config = run.config
  let cursor: number | null = null
  let asked: number | null = null
  let passed = 0
  let losses = 0
  /** How far a re-reading has come that has not reached the cursor. */
  let reread: number | null = null
  /** The number of the frame that the cursor stands on, and who gave it. */
  let mark: { readonly ordinal: number; readonly url: string } | null = null
  /** The number that was asked for, and not answered. */
  let awaited: number | null = null
  return every(run.steps, (step) => {
    const { before, event } = step
    const isOurs = 'connection' in event && event.connection === before.cursor.connection.number
    const isFirst = isFrame(event) && isOurs && awaited !== null && isConnected(step)
    const isVery = isFirst && event.ordinal === awaited && stampsOf(event)?.first === cursor
    const isLate =
      event._tag === 'TimerFired' &&
      event.timer._tag === 'JetstreamTimer' &&
      event.timer.connection === before.cursor.connection.number &&
      before.cursor.connection.phase._tag === 'Open' &&
      awaited !== null
    const isAstray = (isFirst && !isVery) || isLate
    if (isVery) asked = null
    if (isAstray) mark = null
    if (isFirst || isLate) awaited = null
    const stamps = isFrame(event) && isOurs && !isAstray ? stampsOf(event) : null
    let gap: Resumption['gap'] = null
    if (event._tag === 'Started') {
      config = event.config
      if (event.resumeFrom !== null) {
        asked = event.resumeFrom
        mark = null
        losses = 0
        reread = cursor !== null && event.resumeFrom < cursor ? event.resumeFrom : null
      }
    }
    if (stamps !== null && stamps.last <= event.at + FUTURE_US) {
      if (asked !== null && stamps.first > asked + config.toleranceUs)
        gap = { askedUs: asked, gotUs: stamps.first }
      asked = null
      const position = reread ?? cursor
      if (position === null || stamps.last > position) losses = 0
      if (reread !== null) reread = stamps.last >= (cursor ?? 0) ? null : Math.max(reread, stamps.last)
      if (isFrame(event) && stamps.last >= (cursor ?? 0))
        mark = event.ordinal === null || config.jetstream === '' ? null : { ordinal: event.ordinal, url: config.jetstream }
      cursor = Math.max(cursor ?? 0, stamps.last)
    }
    const position = reread ?? cursor
    const reached = asked === null || position === null ? (asked ?? position) : Math.max(asked, position)
    if (event._tag === 'JetstreamClosed' && event.connection === step.before.cursor.connection.number && isConnected(step))
      if (event.poisoned && reached !== null) {
        losses++
        if (losses >= 3) {
          mark = null
          passed = Math.min(reached + 1_000_000 * 2 ** Math.min(losses - 3, 20), MAX_US)
          gap = { askedUs: reached, gotUs: passed }
        }
      }
    const fresh = position === null ? null : Math.max(Math.min(passed, position), position - config.rewindUs, 0)
    const isPassing = losses >= 3
    const isPending = !isPassing && asked !== null
    const from: number | null = isPassing ? passed : (asked ?? fresh)
    const isTried = step.after.cursor.connection.attempt >= 5
    const ordinal = mark !== null && mark.url === config.jetstream && !isPassing && !isTried ? mark.ordinal : null
    const verdict = look(step, { config, from, gap, isAstray, isPassing, isPending, ordinal, passed, position })
    if (step.effects.some((effect) => effect._tag === 'OpenJetstream')) {
      asked = from
      awaited = ordinal
    }
    return verdict
  })
}

interface Resumption {
  readonly config: Config
  /** Where a connection must ask to start. */
  readonly from: number | null
  readonly gap: { readonly askedUs: number; readonly gotUs: number } | null
  /** Whether a number that was asked for has led to another frame, or to none. */
  readonly isAstray: boolean
  /** Whether that is beyond a frame that cannot be taken in. */
  readonly isPassing: boolean
  /** Whether it was asked for before, and not answered. */
  readonly isPending: boolean
  /** The number that it must ask for besides. */
  readonly ordinal: number | null
  readonly passed: number
  /** The cursor, or how far a re-reading of what lies before it has come. */
  readonly position: number | null
}

/** What came of a bridge and a server that may number its frames, and of one that was never away. */
export interface Served {
  readonly clean: Run
  readonly run: Run
}

/** Which knots were subscribed and released as records changed, in order; not at starts, which ask for all of them. */
const knotsCalled = (run: Run): ReadonlyArray<string> =>
  run.steps.flatMap(({ effects, event }) =>
    event._tag === 'Started'
      ? []
      : effects.flatMap((effect) => (effect._tag === 'SubscribeKnot' || effect._tag === 'UnsubscribeKnot' ? [`${effect._tag} ${effect.host}`] : []))
  )

// ---------------------------------------------------------------------------------------- laws

export const CURSOR = {
  'CURSOR-1': (run: Run): Verdict =>
    every(run.steps, ({ after, before }) =>
      because(
        before.cursor.cursor === null || (after.cursor.cursor !== null && after.cursor.cursor >= before.cursor.cursor),
        () => 'it went back'
      )
    ),

  'CURSOR-2': (run: Run): Verdict => {
    const received = new Set<number | null>([null])
    return every(run.steps, (step) => {
      received.add(arrived(step)?.last ?? null)
      return because(received.has(step.after.cursor.cursor), () => 'it is no stamp that was received')
    })
  },

  'CURSOR-3': (run: Run): Verdict =>
    every(run.steps, (step) => {
      const { after, before, event } = step
      const stamps = arrived(step)
      const old: TimeUs | null = before.cursor.cursor
      const moved = stamps === null || stamps.last > event.at + FUTURE_US ? old : Math.max(old ?? 0, stamps.last)
      return equal('cursor', after.cursor.cursor, moved)
    }),

  'CURSOR-4': (run: Run): Verdict =>
    every(run.steps, (step) => {
      const last = arrived(step)?.last ?? 0
      const isFuture = last > step.event.at + FUTURE_US
      const reported = reportsOf(step.effects).filter((report) => report._tag === 'FrameFromFuture')
      return all(
        equal(
          'reports',
          reported.map(({ at, timeUs }) => [at, timeUs]),
          isFuture ? [[step.event.at, last]] : []
        ),
        when(isFuture, () => equal('the stream', step.after.cursor, { ...step.before.cursor, askedUs: step.after.cursor.askedUs })),
        // A frame that answers for its number is the very one, whenever it is stamped.
        when(isFuture && !isAwaited(step.before), () => equal('asked', step.after.cursor.askedUs, step.before.cursor.askedUs))
      )
    }),

  'CURSOR-5': (run: Run): Verdict =>
    resumes(run, (step, { from, ordinal }) =>
      every(
        step.effects,
        (effect) => effect._tag !== 'OpenJetstream' || equal('asked', [effect.cursor, effect.ordinal], [from, ordinal])
      )
    ),

  'CURSOR-6': (run: Run): Verdict =>
    resumes(run, (step, { config, isPassing, isPending, passed, position }) =>
      every(step.effects, (effect) => {
        if (effect._tag !== 'OpenJetstream' || isPassing || isPending) return true
        if (position === null || effect.cursor === null) return equal('asked', effect.cursor, position)
        const earliest = Math.max(0, position - config.rewindUs)
        return all(
          because(
            effect.cursor >= earliest && effect.cursor <= position,
            () => `${String(effect.cursor)} is too early or too late`
          ),
          when(passed === 0, () => equal('asked', effect.cursor, earliest))
        )
      })
    ),

  'CURSOR-7': (run: Run): Verdict =>
    every(run.steps, ({ before, event }) => {
      const twin = rejected(event)
      if (twin === null) return true
      const { config, cursor } = before
      const reduced = (one: Event): Transition<Cursor.CursorState, Effect> =>
        pure(() => O.getOrElse((): Transition<Cursor.CursorState, Effect> => [cursor, []])(Cursor.reduce(cursor, one, { config })))
      const [state, effects] = reduced(event)
      const [twinState, twinEffects] = reduced(twin)
      const said = (of: ReadonlyArray<Effect>): ReadonlyArray<Report> =>
        reportsOf(of)
          .filter(({ _tag }) => _tag !== 'FrameRejected')
          .map(withoutDid)
      return all(
        equal('the stream', twinState, state),
        equal('reports', said(twinEffects), said(effects)),
        equal('in the machine', take(before, twin).after.cursor, take(before, event).after.cursor)
      )
    }),

  'CURSOR-8': (run: Run): Verdict =>
    resumes(run, (step, { gap }) =>
      equal(
        'gaps',
        gapsIn(step),
        gap === null ? [] : [{ _tag: 'Gap', askedUs: gap.askedUs, at: step.event.at, gotUs: gap.gotUs }]
      )
    ),

  'CURSOR-9': (run: Run): Verdict =>
    every(run.steps, ({ after, before, effects, event }) => {
      const isOfStream = isFrame(event) || event._tag === 'JetstreamOpened' || event._tag === 'JetstreamClosed'
      const number = isOfStream
        ? event.connection
        : event._tag === 'TimerFired' && event.timer._tag === 'JetstreamTimer'
          ? event.timer.connection
          : null
      return when(number !== null && number !== before.cursor.connection.number, () =>
        because(effects.length === 0 && same(after, before), () => 'an event of another connection changed something')
      )
    }),

  'CURSOR-10': (life: { readonly moments: ReadonlyArray<Moment> }): Verdict => every(life.moments, agrees),

  'CURSOR-11': ({ clean, run }: Served): Verdict => {
    const given = new Set<number | null>([null])
    return all(
      equal('rows', rowsText(end(run)), rowsText(end(clean))),
      equal('knots', knotsCalled(run), knotsCalled(clean)),
      every(run.steps, (step) => {
        const { after, before, effects, event } = step
        if (isFrame(event) && !isStale(before, event)) given.add(event.ordinal)
        return all(
          every(effects, (effect) => effect._tag !== 'OpenJetstream' || because(given.has(effect.ordinal), () => 'it was given by nobody')),
          when(isFrame(event) && isStale(before, event), () => because(same(after.commits, before.commits), () => 'it was applied'))
        )
      })
    )
  }
} satisfies Laws
