/** The cursor: where a connection starts (S3, S4, D12), and what may be merged (D2). */
import { describe, expect, test } from 'vitest'
import * as Cursor from '../../core/cursor/index.js'
import { Config, Event, Natural, StreamAdvanced, TimeUs } from '../../core/index.js'
import { at, CONFIG, must, passing, started } from '../suite/examples/support.js'

const us = (n: number) => must(TimeUs.decode(n))
const natural = (n: number) => must(Natural.decode(n))
const orNull = (n: number | null) => (n === null ? null : us(n))

interface Place {
  readonly askedUs?: number | null
  readonly cursor: number | null
  readonly passedUs?: number
  readonly poisonings?: number
  readonly rereadUs?: number
  readonly rewindUs?: number
}

const configOf = ({ rewindUs = CONFIG.rewindUs }: Partial<Place> = {}): Config => must(Config.decode({ ...CONFIG, rewindUs }))

const stateOf = ({ askedUs, cursor, passedUs, poisonings, rereadUs }: Place): Cursor.CursorState => ({
  ...Cursor.initial,
  askedUs: orNull(askedUs ?? null),
  cursor: orNull(cursor),
  passedUs: us(passedUs ?? 0),
  poisonings: natural(poisonings ?? 0),
  rereadUs: orNull(rereadUs ?? null)
})

/** Where the event, which is one for the stream, leads. */
const reduced = (state: Cursor.CursorState, event: Event): Cursor.CursorState => {
  const answer = Cursor.reduce(state, event, { config: configOf() })
  return answer._tag === 'Some' ? answer.value[0] : expect.fail(event._tag)
}

describe('where a connection starts', () => {
  const cases: ReadonlyArray<readonly [name: string, place: Place, start: number | null]> = [
    ['nothing processed: from now', { cursor: null }, null],
    ['five seconds before the cursor', { cursor: at(100) }, at(95)],
    ['at least 0', { cursor: 4_999_999 }, 0],
    ['at least 0, exactly', { cursor: 5_000_000 }, 0],
    ['a cursor of 0', { cursor: 0 }, 0],
    ['no rewind', { cursor: at(100), rewindUs: 0 }, at(100)],
    ['a rewind of a microsecond', { cursor: at(100), rewindUs: 1 }, at(100) - 1],
    ['no further back than what was passed', { cursor: at(100), passedUs: at(97) }, at(97)],
    ['what was passed long ago does not matter', { cursor: at(100), passedUs: at(95) }, at(95)],
    ['what was passed even earlier does not matter', { cursor: at(100), passedUs: at(94) }, at(95)],
    ['what was passed at the cursor', { cursor: at(100), passedUs: at(100) }, at(100)],
    ['what was passed beyond a cursor that moved since: the cursor', { cursor: at(100), passedUs: at(105) }, at(100)],
    ['two losses skip nothing yet', { cursor: at(100), poisonings: 2 }, at(95)],
    ['three losses skip to beyond the cursor', { cursor: at(100), passedUs: at(101), poisonings: 3 }, at(101)],
    ['more than three losses', { cursor: at(100), passedUs: at(107), poisonings: 5 }, at(107)],
    ['an unanswered request is repeated', { askedUs: at(42), cursor: at(100) }, at(42)],
    ['an unanswered request is repeated without a cursor', { askedUs: at(42), cursor: null }, at(42)],
    ['an unanswered request for 0 is repeated', { askedUs: 0, cursor: at(100) }, 0],
    ['a re-reading goes on where it is, a little before', { cursor: at(100), rereadUs: at(50) }, at(45)],
    ['a re-reading asks for at least 0', { cursor: at(100), rereadUs: 0 }, 0],
    ['a re-reading goes no further back than what was passed', { cursor: at(100), passedUs: at(48), rereadUs: at(50) }, at(48)],
    ['an unanswered request is not repeated where it was skipped', { askedUs: at(42), cursor: at(100), passedUs: at(101), poisonings: 3 }, at(101)]
  ]
  for (const [name, place, start] of cases) test(name, () => expect(Cursor.resumeAt(configOf(place), stateOf(place))).toBe(start))
})

describe('reading again', () => {
  const start = (place: Place, resumeFrom: number | null): Cursor.CursorState =>
    reduced(stateOf(place), must(Event.decode(started(at(200), {}, resumeFrom))))
  const frame = (state: Cursor.CursorState, timeUs: number): Cursor.CursorState =>
    reduced(state, must(Event.decode(passing(timeUs, { at: at(200), connection: state.connection.number }))))

  test('begins where an operator asks for something before the cursor, and only there', () => {
    const asks = [at(100) - 1, at(100), at(101)].map((from) => start({ cursor: at(100) }, from).rereadUs)
    expect([...asks, start({ cursor: null }, at(1)).rereadUs]).toEqual([at(100) - 1, null, null, null])
  })

  test('goes on over a start that asks for nothing', () => {
    expect(start({ cursor: at(100), rereadUs: at(50) }, null).rereadUs).toBe(at(50))
    expect(start({ cursor: at(100), rereadUs: at(50) }, at(100)).rereadUs).toBeNull()
  })

  test('follows the stamps up to the cursor, never back, and ends there', () => {
    const begun = stateOf({ cursor: at(100), rereadUs: at(50) })
    const reached = [at(49), at(51), at(100) - 1, at(100), at(101)].map((timeUs) => frame(begun, timeUs).rereadUs)
    expect(reached).toEqual([at(50), at(51), at(100) - 1, null, null])
    expect([at(99), at(100), at(101)].map((timeUs) => frame(begun, timeUs).cursor)).toEqual([at(100), at(100), at(101)])
  })

  test('restarts the count of poisonings with what makes progress, and with nothing else', () => {
    const begun = stateOf({ cursor: at(100), poisonings: 2, rereadUs: at(50) })
    expect([at(50), at(51), at(100)].map((timeUs) => frame(begun, timeUs).poisonings)).toEqual([2, 0, 0])
  })
})

describe('skipping a frame that closes the connection', () => {
  /** Connection after connection is lost to a frame: where the next one starts, each time. */
  const starts = (place: Place, count: number): ReadonlyArray<number | null> => {
    let state = stateOf(place)
    return Array.from({ length: count }, () => {
      const number = state.connection.number
      const when = us(at(1_000))
      const lost = reduced(
        { ...state, connection: { attempt: natural(0), number, phase: { _tag: 'Open', openedAt: when } } },
        {
          _tag: 'JetstreamClosed',
          at: when,
          connection: number,
          poisoned: true
        }
      )
      const opened = reduced(lost, {
        _tag: 'TimerFired',
        at: when,
        timer: { _tag: 'JetstreamTimer', connection: lost.connection.number }
      })
      state = opened
      return state.askedUs
    })
  }

  test('grows by one second, then two more, four more, eight more', () => {
    expect(starts({ cursor: at(100) }, 7)).toEqual([at(95), at(95), at(101), at(103), at(107), at(115), at(131)])
  })

  test('doubles up to twelve days, and to the last stamp there is', () => {
    const far = starts({ cursor: 0 }, 25)
    const steps = far.slice(3).map((start, i) => ((start ?? 0) - (far[i + 2] ?? 0)) / 1_000_000)
    expect(steps).toEqual([...Array.from({ length: 20 }, (_, i) => 2 ** (i + 1)), 2 ** 20, 2 ** 20])
    expect(starts({ cursor: Number.MAX_SAFE_INTEGER - 5 }, 4).slice(2)).toEqual([
      Number.MAX_SAFE_INTEGER,
      Number.MAX_SAFE_INTEGER
    ])
  })

  test('goes on with the count where it stood', () => {
    expect(starts({ cursor: at(100), poisonings: 2 }, 2)).toEqual([at(101), at(103)])
  })

  test('starts from what was asked for, where that is later than the cursor', () => {
    expect(starts({ askedUs: at(200), cursor: at(100) }, 4)).toEqual([at(200), at(200), at(201), at(203)])
  })

  test('starts from the cursor, where that is later', () => {
    expect(starts({ askedUs: at(20), cursor: at(100) }, 4)).toEqual([at(20), at(20), at(101), at(103)])
  })

  test('has nothing to skip without either', () => {
    expect(starts({ cursor: null }, 5)).toEqual([null, null, null, null, null])
  })
})

describe('merging', () => {
  const advanced = (firstUs: number, lastUs: number, count: number, when: number, ordinal: number | null = null) =>
    must(StreamAdvanced.decode({ _tag: 'StreamAdvanced', at: when, connection: 7, count, firstUs, lastUs, ordinal }))

  test('takes the number of the last frame with the greatest stamp', () => {
    const numbered = (aUs: number, a: number | null, bUs: number, b: number | null) =>
      Cursor.merge(advanced(at(1), aUs, 1, at(10), a), advanced(at(1), bUs, 1, at(10), b)).ordinal
    expect([numbered(at(2), 7, at(3), 8), numbered(at(3), 7, at(3), 8), numbered(at(4), 7, at(3), 8)]).toEqual([8, 8, 7])
    expect([numbered(at(2), 7, at(3), null), numbered(at(3), null, at(2), 8)]).toEqual([null, null])
  })

  test('makes one of two events that only move the cursor', () => {
    expect(Cursor.merge(advanced(at(1), at(2), 3, at(10)), advanced(at(3), at(5), 4, at(11)))).toEqual(
      advanced(at(1), at(5), 7, at(11))
    )
  })

  test('takes the greatest stamp as the last, whichever event brought it', () => {
    expect(Cursor.merge(advanced(at(1), at(9), 1, at(10)), advanced(at(3), at(5), 1, at(11)))).toEqual(
      advanced(at(1), at(9), 2, at(11))
    )
    expect(Cursor.merge(advanced(at(4), at(5), 1, at(10)), advanced(at(3), at(5), 1, at(11)))).toEqual(
      advanced(at(4), at(5), 2, at(11))
    )
  })
})
