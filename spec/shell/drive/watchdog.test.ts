/** The watchdog before there is a loop. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { beatingDuring } from '../../../shell/drive/watchdog.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test.each([
  ['ends well', (done: () => void) => done()],
  ['fails', (_: () => void, fail: (error: Error) => void) => fail(new Error('no'))]
])('beats at once and every time while work goes on, and no more once it %s', async (_, end) => {
  let beats = 0
  const watchdog = { beat: () => void (beats += 1), everyMs: 10 }
  const work = beatingDuring(watchdog, () => new Promise<void>((done, fail) => void setTimeout(() => end(done, fail), 35)))
  const ended = work.then(
    () => 'well',
    () => 'badly'
  )
  expect(beats).toBe(1)
  await vi.advanceTimersByTimeAsync(35)
  await ended
  await vi.advanceTimersByTimeAsync(100)
  expect([beats, vi.getTimerCount()]).toEqual([4, 0])
})

test('is not needed', async () => {
  expect(await beatingDuring(null, () => Promise.resolve(7))).toBe(7)
})
