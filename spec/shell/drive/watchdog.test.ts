/** The watchdog before there is a loop. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { beatingDuring, systemdWatchdog } from '../../../shell/drive/watchdog.js'
import { silentLog } from '../../../shell/lib/log.js'

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

test.each<[string, NodeJS.ProcessEnv, number | null]>([
  ['half a minute', { NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '30000000' }, 7_500],
  ['less than can be', { NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '1' }, 10],
  ['no time', { NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '0' }, null],
  ['what is no time', { NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: 'soon' }, null],
  ['nothing', { NOTIFY_SOCKET: '/run/notify' }, null],
  ['half a minute, and gives no socket', { WATCHDOG_USEC: '30000000' }, null]
])('where systemd waits for %s, it is notified four times in that', (_, environment, everyMs) => {
  expect(systemdWatchdog(environment, silentLog)?.everyMs ?? null).toBe(everyMs)
})
