/** Where a reader goes on in a log whose stamps never fall. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { placeIn } from '../../../shell/lib/place.js'

test('the place of a stamp is behind all earlier entries, whether or not the stamp is there, or is there many times', () => {
  let many = 0
  fc.assert(
    fc.property(fc.array(fc.nat(5)), fc.integer({ max: 6, min: -1 }), (stamps, at) => {
      const log = [...stamps].sort((a, b) => a - b)
      if (log.filter((stamp) => stamp === at).length > 1) many++
      expect(placeIn(log, (stamp) => stamp < at)).toBe(log.filter((stamp) => stamp < at).length)
    })
  )
  expect(many).toBeGreaterThan(0)
})

test('the place of a stamp is found with few looks in a long log', () => {
  const log = Array.from({ length: 65_536 }, (_, i) => i)
  let looks = 0
  expect(placeIn(log, (stamp) => (looks++, stamp < 40_000))).toBe(40_000)
  expect(looks).toBeLessThanOrEqual(17)
})
