/** What `tack run` says at its start of providers that do not work: what `tack check` says of them, once, without delaying or failing anything. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { warnOfProviders } from '../../../shell/cli/check-others.js'
import type { Provider } from '../../../shell/providers/provider.js'
import { eventually, fakeProvider, OWNER } from '../inbound/support.js'
import { manualClock } from '../support/bridge.js'
import { inFolder, start } from '../support/process.js'
import { httpServer, rememberingLog } from '../support/sockets.js'

const SECRET = 'canary-0123456789abcdef'

/** `tack run` with these providers, before a stream that is not there. It is ended with the test. */
const running = async (folder: string, providers: ReadonlyArray<string>) => {
  const path = join(folder, 'tack.yaml')
  const lines = [`hostname: ci.example.com`, `owner: ${OWNER}`, 'listen: 127.0.0.1:0', 'jetstream: ws://127.0.0.1:1/', 'plc: http://127.0.0.1:1', 'backfill: off']
  await writeFile(path, `${[...lines, 'log: json', 'providers:', ...providers.map((one) => `  ${one}`)].join('\n')}\n`)
  const bridge = start(['run', '--config', path, '--store', join(folder, 'store')])
  onTestFinished(async () => {
    await bridge.end('SIGKILL')
  })
  const said = (): ReadonlyArray<string> =>
    bridge.lines.map((line) => JSON.parse(line) as { readonly level: string; readonly msg: string }).flatMap(({ level, msg }) => (level === 'warn' && msg.startsWith('Provider ') ? [msg] : []))
  return { bridge, said }
}

describe('a start', () => {
  test('warns of each provider that cannot be reached or refuses, with what is wrong, and of no other', () =>
    inFolder(async (folder) => {
      const asked: Array<string> = []
      const ci = await httpServer((request, response) => {
        asked.push(request.url ?? '')
        if (request.url?.startsWith('/good') === true) {
          const status = request.headers['x-tack-signature'] === undefined ? 401 : 404
          return response.writeHead(status, { date: new Date(Date.now() + 7_200_000).toUTCString() }).end()
        }
        if (request.url?.startsWith('/api/v2/api/v2') === true) return response.writeHead(404).end()
        return response.writeHead(401).end('who are you?')
      })
      const base = `http://127.0.0.1:${String(ci.port)}`
      const { bridge, said } = await running(folder, [
        `good: {kind: webhook, secret: ${SECRET}, url: ${base}/good}`,
        `gone: {kind: webhook, secret: ${SECRET}, url: http://127.0.0.1:1/}`,
        `refusing: {kind: webhook, secret: ${SECRET}, url: ${base}/refusing}`,
        `buildbot: {url: ${base}/api/v2, scheduler: tack}`,
        'local: {}'
      ])
      await eventually(() => expect(said().length).toBeGreaterThanOrEqual(3))
      await eventually(() => expect(asked.filter((url) => url.startsWith('/good'))).toHaveLength(2))
      expect(await bridge.end('SIGTERM')).toBe(0)
      expect([...said()].sort()).toEqual([
        expect.stringMatching(/^Provider "buildbot": Buildbot does not show .* without \/api\/v2\. Once that is mended, "tack check" tries it again\.$/),
        expect.stringMatching(/^Provider "gone": 127\.0\.0\.1:1 is not reachable: .*ECONNREFUSED.*\. Once that is mended, /),
        expect.stringMatching(/^Provider "refusing": 127\.0\.0\.1:[0-9]+ answered 401: who are you\? Check that "secret" is the same there as here, and both clocks\. Once that is mended, /)
      ])
      const all = bridge.lines.join('\n')
      expect(all).not.toContain(SECRET)
      expect(all).not.toContain('unhandled failure')
      // Its answer tells the time, too, and that of this machine differs.
      expect(all).toMatch(/"msg":"The clock of this machine is 7[12][0-9]{2} s behind that of 127\.0\.0\.1:[0-9]+: set it, /)
    }))

  test('waits for no provider, and neither does a stop', () =>
    inFolder(async (folder) => {
      let asked = 0
      // It takes every question, and never answers.
      const ci = await httpServer(() => {
        asked++
      })
      const { bridge, said } = await running(folder, [`slow: {kind: webhook, secret: ${SECRET}, url: "http://127.0.0.1:${String(ci.port)}"}`])
      await bridge.says('"msg":"connecting to the stream"')
      await eventually(() => expect(asked).toBe(1))
      expect(await bridge.end('SIGTERM')).toBe(0)
      expect(said()).toEqual([])
      const all = bridge.lines.join('\n')
      expect(all).toContain('"msg":"stopped; everything is saved"')
      expect(all).not.toMatch(/unhandled failure|stop timed out/)
    }))
})

describe('the warnings', () => {
  const named = (name: string, check: Provider['check']): Provider => ({ ...fakeProvider(), check, name })

  const begun = () => {
    const [clock, log] = [manualClock(), rememberingLog()]
    let answer = (): void => undefined
    const closing = new Promise<{ readonly isFine: boolean; readonly sentence: string }>((resolve) => {
      answer = () => resolve({ isFine: false, sentence: 'closed' })
    })
    const end = warnOfProviders(
      [
        named('fine', () => Promise.resolve({ isFine: true, sentence: 'It answers.' })),
        named('bad', () => Promise.resolve({ isFine: false, sentence: 'It does not.' })),
        named('rejecting', () => Promise.reject(new Error('lost'))),
        named('throwing', () => {
          throw new Error('broken')
        }),
        named('hanging', () => closing)
      ],
      clock,
      log
    )
    return { answer, clock, end, said: () => log.lines.map(({ fields, level, message }) => [String(fields['provider']), level, message] as const).sort(([a], [b]) => a.localeCompare(b)) }
  }

  const THREE = [
    ['bad', 'warn', 'Provider "bad": It does not. Once that is mended, "tack check" tries it again.'],
    ['rejecting', 'warn', 'Provider "rejecting": The check failed: lost. Once that is mended, "tack check" tries it again.'],
    ['throwing', 'warn', 'Provider "throwing": The check failed: broken. Once that is mended, "tack check" tries it again.']
  ]

  test('come to an end with a provider that never answers', async () => {
    const { clock, said } = begun()
    await eventually(() => expect([clock.armed(), said().length]).toEqual([1, 3]))
    expect(said()).toEqual(THREE)
    clock.advance(60_000)
    const late = ['hanging', 'warn', 'Provider "hanging": No answer within 60 s. Once that is mended, "tack check" tries it again.']
    await eventually(() => expect(said()).toEqual([THREE[0], late, ...THREE.slice(1)]))
    expect(clock.armed()).toBe(0)
  })

  test('end with the stop: what providers say as they are closed is no warning, and no timer is left', async () => {
    const { answer, clock, end, said } = begun()
    await eventually(() => expect([clock.armed(), said().length]).toEqual([1, 3]))
    end()
    expect(clock.armed()).toBe(0)
    answer()
    await new Promise((resolve) => setImmediate(resolve))
    expect(said()).toEqual(THREE)
  })
})
