/** CURSOR, tried. */
import { describe } from 'vitest'
import { streamLives } from '../arbitraries/lives.js'
import { runs } from '../arbitraries/script.js'
import { served } from '../arbitraries/served.js'
import { CURSOR } from '../laws/cursor.js'
import { FUTURE_US, isAstray, isAwaited, isFrame, isStale, stampsOf } from '../laws/run.js'
import { reconnects, reports, some, someMoment, staleFrame } from './cases.js'
import { check } from './support.js'

const isBehind = some(({ before, event }) => isFrame(event) && (stampsOf(event)?.last ?? Infinity) < (before.cursor.cursor ?? 0))

const gapAtClose = some(({ effects, event }) => event._tag === 'JetstreamClosed' && effects.some(({ _tag }) => _tag === 'Report'))

const gapAtFrame = some(
  ({ effects, event }) => isFrame(event) && effects.some((effect) => effect._tag === 'Report' && effect.report._tag === 'Gap')
)

describe('CURSOR', () => {
  check(CURSOR, 'CURSOR-1', runs({ about: 'stream' }), {
    'a frame behind the cursor': isBehind,
    'the stream that reconnects': reconnects
  })
  check(CURSOR, 'CURSOR-2', runs({ about: 'stream' }), {
    'a frame behind the cursor': isBehind,
    'a frame over an old connection': staleFrame
  })
  check(CURSOR, 'CURSOR-3', runs({ about: 'stream' }), {
    'a rejection without a stamp': some(({ event }) => event._tag === 'FrameRejected' && event.timeUs === null),
    'several frames in one': some(({ event }) => event._tag === 'StreamAdvanced' && event.lastUs > event.firstUs)
  })
  check(CURSOR, 'CURSOR-4', runs({ about: 'stream' }), {
    'a stamp on the brink': some(({ event }) => isFrame(event) && stampsOf(event)?.last === event.at + FUTURE_US),
    'a stamp from the future': reports('FrameFromFuture')
  })
  check(CURSOR, 'CURSOR-5', runs({ about: 'stream' }), {
    'a frame that is passed': gapAtClose,
    'a resume by number': some(({ effects }) => effects.some((effect) => effect._tag === 'OpenJetstream' && effect.ordinal !== null)),
    'a number that led elsewhere': some(({ before, event }) => isFrame(event) && isAstray(before, event)),
    'a number that led to the frame': some(({ before, event }) => isFrame(event) && isAwaited(before) && !isStale(before, event)),
    'a number of another server': some(
      ({ after, effects }) => after.cursor.mark !== null && effects.some((effect) => effect._tag === 'OpenJetstream' && effect.ordinal === null)
    ),
    'a resume that was not answered': some(
      ({ before, effects }) => before.cursor.askedUs !== null && effects.some(({ _tag }) => _tag === 'OpenJetstream')
    ),
    'an operator who asks': some(({ event }) => event._tag === 'Started' && event.resumeFrom !== null),
    'a re-reading that goes on over another connection': some(
      ({ before, effects }) =>
        before.cursor.rereadUs !== null && before.cursor.askedUs === null && effects.some(({ _tag }) => _tag === 'OpenJetstream')
    ),
    'a re-reading that reaches the cursor': some(
      ({ after, before, event }) => before.cursor.rereadUs !== null && after.cursor.rereadUs === null && isFrame(event)
    )
  })
  check(CURSOR, 'CURSOR-11', served, {
    'a number that led elsewhere': ({ run }) => run.steps.some(({ before, event }) => isFrame(event) && isAstray(before, event)),
    'a number that led to the frame': ({ run }) =>
      run.steps.some(({ before, event }) => isFrame(event) && isAwaited(before) && !isStale(before, event)),
    'a number that was not answered': ({ run }) =>
      run.steps.some(({ before, event }) => event._tag === 'TimerFired' && before.cursor.connection.phase._tag === 'Open' && isAwaited(before)),
    'a server without numbers': ({ run }) => run.steps.some(({ event }) => isFrame(event) && event.ordinal === null)
  })
  check(CURSOR, 'CURSOR-6', runs({ about: 'stream' }), {
    'a first start': some(({ effects }) => effects.some((effect) => effect._tag === 'OpenJetstream' && effect.cursor === null)),
    'a resume at the beginning of time': some(({ effects }) =>
      effects.some((effect) => effect._tag === 'OpenJetstream' && effect.cursor === 0)
    ),
    'the stream that reconnects': reconnects
  })
  check(CURSOR, 'CURSOR-7', runs({ about: 'stream' }), {
    'an answer to a resume': some(({ before, event }) => isFrame(event) && before.cursor.askedUs !== null)
  })
  check(CURSOR, 'CURSOR-8', runs({ about: 'stream' }), {
    'a frame that is passed': gapAtClose,
    'a gap': gapAtFrame,
    'a replay from further back': some(
      ({ before, effects, event }) =>
        isFrame(event) && effects.length === 0 && (stampsOf(event)?.first ?? Infinity) < (before.cursor.askedUs ?? 0)
    ),
    'an answer in time': some(
      ({ before, effects, event }) =>
        isFrame(event) && before.cursor.askedUs !== null && effects.length === 0 && stampsOf(event) !== null
    )
  })
  check(CURSOR, 'CURSOR-9', runs({ about: 'stream' }), {
    'a close of an old connection': some(
      ({ before, event }) => event._tag === 'JetstreamClosed' && event.connection !== before.cursor.connection.number
    ),
    'a frame over an old connection': staleFrame
  })
  check(CURSOR, 'CURSOR-10', streamLives, {
    'a loss in health': someMoment(
      ({ before, expected, kind }) => kind === 'closed' && before.cursor.connection.attempt > 0 && expected.length > 0
    ),
    'a stop while it waits': someMoment(
      ({ before, kind }) => kind === 'stopped' && before.cursor.connection.phase._tag === 'Waiting'
    ),
    'a timer that fires': someMoment(({ expected, kind }) => kind === 'fired' && expected.length > 0),
    'an old connection that closes': someMoment(({ kind }) => kind === 'old closed'),
    'three losses in a row': someMoment(({ after }) => after.cursor.connection.attempt > 2)
  })
})
