/** The watchdog before there is a loop, and what it starts. */
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { beatingDuring, systemdWatchdog } from '../../../shell/drive/watchdog.js'
import { silentLog } from '../../../shell/lib/log.js'
import { eventually, inFolder } from '../support/process.js'
import { rememberingLog } from '../support/sockets.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

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

test('starts systemd-notify with its own environment, once in a while, and says once why it fails', () =>
  inFolder(async (folder) => {
    vi.useRealTimers()
    const [told, codes] = [join(folder, 'told'), join(folder, 'codes')]
    await writeFile(join(folder, 'systemd-notify'), `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> '${told}'\nexit "$(sed -n "$(wc -l < '${told}')p" '${codes}')"\n`)
    await chmod(join(folder, 'systemd-notify'), 0o755)
    // What each of them ends with, in order.
    await writeFile(codes, '0\n3\n4\n0\n5\n0\n')
    let nowMs = 1_000_000
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
    const log = rememberingLog()
    const watchdog = systemdWatchdog({ NOTIFY_SOCKET: '/run/notify', PATH: `${folder}:${process.env['PATH'] ?? ''}`, WATCHDOG_USEC: '40000000' }, log)
    if (watchdog === null) throw new Error('there is a watchdog')
    const lines = async (): Promise<number> => (await readFile(told, 'utf8').catch(() => '')).split('\n').length - 1
    let started = 0
    /** Beats until another has been started, as it does once the last one has ended. */
    const next = async (): Promise<void> => {
      nowMs += watchdog.everyMs
      started += 1
      await eventually(async () => (watchdog.beat(), (await lines()) === started))
      // It is not time yet, however often it beats, and whether or not that one has ended.
      for (let n = 0; n < 20; n++) {
        watchdog.beat()
        await new Promise(setImmediate)
      }
      expect(await lines()).toBe(started)
    }
    for (let n = 0; n < 6; n++) await next()
    expect(await readFile(told, 'utf8')).toBe('/run/notify WATCHDOG=1\n'.repeat(6))
    const failures = log.lines.map(({ fields, level, message }) => [level, message, fields['reason']])
    const message = 'systemd watchdog cannot be notified: systemd will restart tack'
    expect(failures).toEqual([
      ['error', message, 'systemd-notify ended with 3'],
      ['error', message, 'systemd-notify ended with 5']
    ])
  }))

test('says once that there is no systemd-notify, and starts one at a time where that hangs', () =>
  inFolder(async (folder) => {
    vi.useRealTimers()
    let nowMs = 1_000_000
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
    const log = rememberingLog()
    const watchdog = systemdWatchdog({ NOTIFY_SOCKET: '/run/notify', PATH: folder, WATCHDOG_USEC: '40000000' }, log)
    if (watchdog === null) throw new Error('there is a watchdog')
    watchdog.beat()
    await eventually(() => log.lines.length > 0)
    expect(log.lines.map(({ fields }) => fields['reason'])).toEqual(['spawn systemd-notify ENOENT'])
    const [told, end] = [join(folder, 'told'), join(folder, 'end')]
    await writeFile(join(folder, 'systemd-notify'), `#!/bin/sh\necho . >> '${told}'\nwhile [ ! -e '${end}' ]; do /bin/sleep 0.01; done\n`)
    await chmod(join(folder, 'systemd-notify'), 0o755)
    const lines = async (): Promise<number> => (await readFile(told, 'utf8').catch(() => '')).split('\n').length - 1
    nowMs += watchdog.everyMs
    watchdog.beat()
    for (let n = 0; n < 20; n++) {
      nowMs += watchdog.everyMs
      watchdog.beat()
    }
    await eventually(async () => (await lines()) > 0)
    expect(await lines()).toBe(1)
    await writeFile(end, '')
    await eventually(async () => {
      nowMs += watchdog.everyMs
      watchdog.beat()
      return (await lines()) > 1
    })
  }))
