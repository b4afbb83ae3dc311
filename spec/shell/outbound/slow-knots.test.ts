/** Slow knots: which line each is asked in, after any history of answers. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalHost, type HostName, TimeUs } from '../../../core/index.js'
import { afterCall, queueOf, NONE_SLOW, SLOW_MAX, SLOW_US, type SlowKnots } from '../../../shell/outbound/slow-knots.js'

const PROMPT_US = 2_000_000

const knotAt = (i: number): HostName => {
  const host = canonicalHost({ defaultPort: 443, loopback: false, ports: false })(`knot${String(i)}.example`)
  if (host._tag === 'None') throw new Error('no host name')
  return host.value
}

const timeAt = (us: number): TimeUs => {
  const time = TimeUs.decode(us)
  if (time._tag === 'Left') throw new Error('no time')
  return time.right
}

interface Call {
  readonly knot: HostName
  readonly sinceUs: TimeUs
  readonly nowUs: TimeUs
}

const after = (calls: ReadonlyArray<Call>, before: SlowKnots = NONE_SLOW): SlowKnots => calls.reduce((slow, call) => afterCall(slow, call, PROMPT_US), before)

/** Calls one after the other, with pauses of which some are as long as a knot counts as slow. */
const calls = fc
  .array(
    fc.record({
      knot: fc.nat(2),
      pauseUs: fc.oneof(fc.constantFrom(0, SLOW_US - PROMPT_US, SLOW_US - 1, SLOW_US, SLOW_US + 1), fc.nat(2 * SLOW_US)),
      tookUs: fc.oneof(fc.constantFrom(0, PROMPT_US - 1, PROMPT_US, PROMPT_US + 1), fc.nat(5 * PROMPT_US))
    }),
    { maxLength: 30 }
  )
  .map((drawn) => {
    let clockUs = 0
    return drawn.map(({ knot, pauseUs, tookUs }): Call => {
      const sinceUs = clockUs + pauseUs
      clockUs = sinceUs + tookUs
      return { knot: knotAt(knot), nowUs: timeAt(clockUs), sinceUs: timeAt(sinceUs) }
    })
  })

test('a knot is slow for ten minutes from its last late answer, and from no other’s', () => {
  let slowOnes = 0
  fc.assert(
    fc.property(calls, fc.oneof(fc.constantFrom(0, SLOW_US - 1, SLOW_US), fc.nat(2 * SLOW_US)), (history, laterUs) => {
      const slow = after(history)
      const nowUs = timeAt((history.at(-1)?.nowUs ?? 0) + laterUs)
      for (const knot of [0, 1, 2].map(knotAt)) {
        const late = history.filter((call) => call.knot === knot && call.nowUs - call.sinceUs >= PROMPT_US).at(-1)
        const isSlow = late !== undefined && nowUs - late.nowUs < SLOW_US
        if (isSlow) slowOnes++
        expect(queueOf(slow, knot, nowUs)).toBe(isSlow ? 'slow' : 'prompt')
      }
    }),
    { numRuns: 300, seed: 20261202 }
  )
  expect(slowOnes).toBeGreaterThan(50)
})

test('the knot that was late longest ago is prompt again when there are more slow knots than are remembered', () => {
  const lateAt = (i: number): Call => ({ knot: knotAt(i), nowUs: timeAt(PROMPT_US + i), sinceUs: timeAt(i) })
  const full: SlowKnots = new Map(Array.from({ length: SLOW_MAX }, (_, i) => [knotAt(i), timeAt(SLOW_US + PROMPT_US + i)]))
  const lateAgain = after([lateAt(0)], full)
  expect(lateAgain.size).toBe(SLOW_MAX)
  const beyond = after([lateAt(SLOW_MAX)], lateAgain)
  expect(beyond.size).toBe(SLOW_MAX)
  const nowUs = timeAt(PROMPT_US + SLOW_MAX)
  // The first was late again since, so the second goes.
  expect([0, 1, 2, SLOW_MAX].map((i) => queueOf(beyond, knotAt(i), nowUs))).toEqual(['slow', 'prompt', 'slow', 'slow'])
})
