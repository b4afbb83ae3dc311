/** A clock that is off: by how much, whom it is compared with, and how often it is said. */
import { describe, expect, test } from 'vitest'
import { createClockWatch, skewOf } from '../../../shell/lib/clock-watch.js'
import { manualClock } from '../support/bridge.js'

describe('a clock', () => {
  test.each<[number, string | null]>([
    [0, null],
    [60_000, null],
    [-60_000, null],
    [60_001, 'The clock of this machine is 60 s ahead of that of plc.example: '],
    [-90_400, 'The clock of this machine is 90 s behind that of plc.example: ']
  ])('a clock that differs by %i ms', (offMs, said) => {
    const sentence = skewOf('plc.example', 1_000_000, 1_000_000 + offMs)
    if (said === null) expect(sentence).toBeNull()
    else expect(sentence?.startsWith(said)).toBe(true)
  })

  test('is warned of once an hour, and by what is past only if that is yet to come', () => {
    const clock = manualClock()
    const said: Array<string> = []
    const watch = createClockWatch(clock, { warn: (message) => said.push(message) })
    const inMs = (ms: number): number => clock.now() / 1000 + ms
    watch.observe('a', inMs(0))
    watch.observePast('b', inMs(-500_000))
    watch.observePast('b', inMs(30_000))
    expect(said).toEqual([])
    watch.observePast('c', inMs(500_000))
    watch.observe('d', inMs(-500_000))
    expect(said).toEqual([expect.stringContaining('500 s behind that of c')])
    clock.advance(3_599_999)
    watch.observe('d', inMs(-500_000))
    expect(said).toHaveLength(1)
    clock.advance(1)
    watch.observe('d', inMs(-500_000))
    expect(said).toEqual([expect.anything(), expect.stringContaining('500 s ahead of that of d')])
  })
})
