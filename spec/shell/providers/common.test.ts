/** What adapters have in common, at its edges. The contract tries it as a whole, through each of them. */
import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { buildKey } from '../../../core/index.js'
import {
  buildOfKey,
  createClient,
  createWork,
  headerOf,
  hmacOf,
  isRefusal,
  isSame,
  isSigned,
  isTimely,
  redactor,
  sentence,
  type TextLog,
  wordsOf
} from '../../../shell/providers/common.js'
import { resetMs, retryAfterMs } from '../../../shell/outbound/retry-after.js'
import type { LogLine, Progress } from '../../../shell/providers/provider.js'
import { manualClock } from '../support/bridge.js'
import { faultsOfLog, ODD } from './contract.js'

const NOW_MS = 1_767_225_600_000

describe('shown text', () => {
  const SECRET = 'pass"word/+=x'
  const redact = redactor([SECRET, '', 'pass'])

  test.each([
    [`a ${SECRET} b`, 'a *** b'],
    [`${SECRET}${SECRET}`, '******'],
    [`?token=${encodeURIComponent(SECRET)}`, '?token=***'],
    [JSON.stringify({ token: SECRET }), '{"token":"***"}'],
    [`Basic ${Buffer.from(SECRET).toString('base64')}`, 'Basic ***'],
    ['the pass alone', 'the *** alone'],
    ['nothing', 'nothing']
  ])('%s', (text, clean) => expect(redact(text)).toBe(clean))

  test.each(['base64', 'base64url'] as const)('does not contain a secret in %s, where the two differ', (encoding) =>
    expect(redactor(['???>>>'])(`of ${Buffer.from('???>>>').toString(encoding)}`)).toBe('of ***'))

  test('does not contain half a secret where it is cut', () => {
    const text = `${'x'.repeat(495)}${SECRET}`
    expect(sentence(redact, text)).toBe(`${'x'.repeat(495)}***`)
  })

  test.each([
    ['  a\u001b[31m\nb  ', 'a\\u001b[31m\\u000ab'],
    ['y'.repeat(500), 'y'.repeat(500)],
    ['y'.repeat(501), `${'y'.repeat(500)}…`],
    ['\ud800', '\ufffd'],
    [`${'y'.repeat(499)}😀`, `${'y'.repeat(499)}\ufffd…`]
  ])('%j', (text, clean) => expect(sentence(redact, text)).toBe(clean))

  test.each([
    [new Error('fetch failed', { cause: new Error('connect ECONNREFUSED') }), 'fetch failed: connect ECONNREFUSED'],
    [Object.assign(new Error(''), { code: 'ECONNRESET' }), 'ECONNRESET'],
    [new TypeError(''), 'TypeError'],
    ['text', 'text'],
    [null, 'null']
  ])('shown text of %s', (error, words) => expect(wordsOf(error)).toBe(words))
})

describe('keys', () => {
  test.each(ODD.map((build) => [buildKey(build), build] as const))('%s is the key of its build', (key, build) => {
    expect(buildOfKey(key)).toEqual(build)
  })

  test.each([
    '', '/', '//', 'a/b', 'a/b/c/d', 'knot.example/r/ci.yml/', 'KNOT.example/r/ci.yml', 'knot.example/r/C', 'knot.example/r/=63i.yml', 'knot.example/r/=2', 'knot.example/r/=ff',
    'knot.example/r/=2f', 'knot.example/../ci.yml', 'knot.example/r/ü', 'knot.example/r/=C3=BC', '__proto__', 'knot.example/r/\u{1f600}'
  ])('%j is not the key of a build', (key) => expect(buildOfKey(key)).toBe(null))
})

describe('signatures', () => {
  test('HMAC-SHA256, as RFC 4231 has it (test case 2)', () => {
    const expected = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'
    expect(hmacOf('Jefe', 'what do ya want for nothing?')).toBe(expected)
    expect(isSigned('Jefe', Buffer.from('what do ya want for nothing?'), expected)).toBe(true)
    expect(isSigned('jefe', 'what do ya want for nothing?', expected)).toBe(false)
  })

  test('are absent without a secret', () => expect(isSigned('', 'x', hmacOf('', 'x'))).toBe(false))

  test.each([
    ['a', 'a', true],
    ['a', 'b', false],
    ['a', '', false],
    ['a', 'aa', false],
    ['a', null, false],
    ['', '', true],
    ['', null, false],
    ['é', 'e', false]
  ])('%j and %j', (expected, given, same) => expect(isSame(expected, given)).toBe(same))

  test.each([
    ['1767225600', true],
    ['1767225300', true],
    ['1767225900', true],
    ['1767225299', false],
    ['1767225901', false],
    ['', false],
    [' 1767225600', false],
    ['1767225600.0', false],
    ['+1767225600', false],
    ['0x69550000', false],
    ['9'.repeat(13), false]
  ])('the time %j', (seconds, timely) => expect(isTimely(seconds, NOW_MS + 999)).toBe(timely))

  test('need a header that is there once', () => {
    const request = { body: Buffer.alloc(0), headers: { a: '1', b: ['1'], c: undefined }, nowMs: 0 }
    expect(['a', 'b', 'c', 'd'].map((name) => headerOf(request, name))).toEqual(['1', null, null, null])
  })
})

describe('answers', () => {
  test.each([
    ['0', 0],
    ['7', 7_000],
    ['1.5', 1_500],
    [' 7 ', 7_000],
    ['3600', 3_600_000],
    ['3601', 3_600_000],
    ['9'.repeat(400), 3_600_000],
    ['-5', 0],
    ['1e3', 0],
    ['soon', 0],
    ['', 0],
    [null, 0],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Wed, 31 Dec 2025 23:59:59 GMT', 0],
    ['Fri, 02 Jan 2026 00:00:00 GMT', 3_600_000],
    ['2026-01-01T00:00:30Z', 0]
  ])('Retry-After: %s', (value, ms) => expect(retryAfterMs(value, NOW_MS)).toBe(ms))

  test.each([
    ['42', 42_000],
    ['1000000000', 3_600_000],
    [String(NOW_MS / 1000 + 30), 30_000],
    [String(NOW_MS / 1000 - 30), 0],
    ['-5', 0],
    ['', 0],
    [null, 0]
  ])('RateLimit-Reset: %s', (value, ms) => expect(resetMs(value, NOW_MS)).toBe(ms))

  test('can be refusals', () => {
    const refusals = Array.from({ length: 600 }, (_, status) => status).filter(isRefusal)
    expect(refusals).toEqual(Array.from({ length: 100 }, (_, i) => 400 + i).filter((status) => ![408, 409, 425, 429].includes(status)))
  })
})

// ---------------------------------------------------------------------------------------- what goes on by itself

/** Lets everything happen that needs no time. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe('a request to a provider', () => {
  test('takes no longer than allowed, to the last byte', async () => {
    const clock = manualClock()
    for (const body of [null, new ReadableStream<Uint8Array>()]) {
      const client = createClient({
        clock,
        fetch: (_url, init) =>
          body !== null
            ? Promise.resolve(new Response(new ReadableStream({ start: (stream) => init?.signal?.addEventListener('abort', () => stream.error(new Error('aborted'))) })))
            : new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(new Error('aborted')))),
        secrets: [],
        timeoutMs: 5_000
      })
      const asked = client.ask({ url: 'http://x' })
      await settle()
      clock.advance(4_999)
      await settle()
      expect(clock.armed()).toBe(1)
      clock.advance(1)
      expect(await asked).toEqual({ _tag: 'Uncertain', error: 'no answer within 5 s', waitMs: 0 })
      expect(clock.armed()).toBe(0)
    }
  })

  test.each([
    ['fail', { _tag: 'Uncertain', error: 'response larger than 10 bytes', waitMs: 0 }],
    ['cut', { isCut: true, status: 200, text: '0123456789' }]
  ] as const)('an answer that is too large: %s', async (overflow, outcome) => {
    const answering = (text: string) =>
      createClient({ clock: manualClock(), fetch: () => Promise.resolve(new Response(text)), maxBytes: 10, secrets: [] }).ask({ overflow, url: 'http://x' })
    expect(await answering('0123456789a')).toMatchObject(outcome)
    expect(await answering('0123456789')).toMatchObject({ isCut: false, text: '0123456789' })
  })

  test.each<[string, (client: ReturnType<typeof createClient>, clock: ReturnType<typeof manualClock>) => Promise<unknown>, string]>([
    [
      'takes 20 s',
      async (client, clock) => {
        const asked = client.ask({ url: 'http://silent' })
        clock.advance(19_999)
        await settle()
        expect(clock.armed()).toBe(1)
        clock.advance(1)
        return asked
      },
      'no answer within 20 s'
    ],
    ['has 4 MiB', (client) => client.ask({ url: 'http://large' }), 'response larger than 4194304 bytes']
  ])('a request to a provider %s at most, where nothing else is said', async (_, ask, error) => {
    const clock = manualClock()
    const client = createClient({
      clock,
      fetch: (url, init) =>
        url === 'http://silent'
          ? new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(new Error('aborted'))))
          : Promise.resolve(new Response('x'.repeat(url === 'http://large' ? 4_194_305 : 4_194_304))),
      secrets: []
    })
    expect(await ask(client, clock)).toEqual({ _tag: 'Uncertain', error, waitMs: 0 })
    expect(await client.ask({ url: 'http://whole' })).toMatchObject({ isCut: false, status: 200 })
  })

  test('is not awaited once it is over, nor is a pause', async () => {
    const clock = manualClock()
    const client = createClient({ clock, fetch: () => Promise.resolve(new Response('x')), secrets: [] })
    const { signal } = new AbortController()
    const listeners = (): ReadonlyArray<unknown> => [client.signal, signal].flatMap((one) => getEventListeners(one, 'abort'))
    const before = listeners()
    const asked = client.ask({ url: 'http://x' })
    const paused = client.pause(5, signal)
    expect(listeners()).toHaveLength(before.length + 2)
    await asked
    clock.advance(5)
    await paused
    expect(listeners()).toEqual(before)
  })

  test('adds no listener to the close for each pause, since thousands of builds may wait', async () => {
    const client = createClient({ clock: manualClock(), fetch: () => Promise.resolve(new Response('x')), secrets: [] })
    const before = getEventListeners(client.signal, 'abort')
    const pauses = Array.from({ length: 50 }, () => client.pause(60_000))
    expect(getEventListeners(client.signal, 'abort')).toEqual(before)
    await client.close()
    await Promise.all(pauses)
  })

  test('about how a build stands leaves room for others: four at a time, all of them in turn, and none after a close', async () => {
    const clock = manualClock()
    const client = createClient({ clock, fetch: () => Promise.resolve(new Response('x')), secrets: [] })
    const asked: Array<number> = []
    const answers: Array<() => void> = []
    const reported: Array<number> = []
    const success = { error: null, exitCode: 0, external: 'x', status: 'success' } as const
    for (let n = 0; n < 10; n++)
      client.poll(
        5,
        () => {
          asked.push(n)
          return new Promise((resolve) => answers.push(() => resolve(success)))
        },
        () => reported.push(n)
      )
    await settle()
    expect(asked).toEqual([0, 1, 2, 3])
    answers[1]?.()
    await settle()
    expect([asked, reported]).toEqual([[0, 1, 2, 3, 4], [1]])
    for (const answer of answers) answer()
    await settle()
    expect(asked).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
    const closing = client.close()
    for (const answer of answers) answer()
    await closing
    expect(asked).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  })

  test('leaves no timer behind when it is answered, and waits as long as the date in an answer says', async () => {
    const clock = manualClock()
    const headers = { 'retry-after': new Date(NOW_MS + 5_000).toUTCString() }
    const client = createClient({ clock, fetch: () => Promise.resolve(new Response('later', { headers, status: 503 })), secrets: [] })
    const answer = await client.ask({ url: 'http://x' })
    if (answer._tag === 'Uncertain') expect.fail('it is not answered')
    expect([clock.armed(), client.doubt(answer, 'later')]).toEqual([0, { _tag: 'Uncertain', error: 'the server answered 503: later', waitMs: 5_000 }])
  })

  test('is sent as requested, and follows no redirect; a close waits for it', async () => {
    const inits: Array<unknown> = []
    let answer: (response: Response) => void = () => undefined
    const client = createClient({
      clock: manualClock(),
      fetch: (url, init) => {
        inits.push([url, init?.method, init?.body, init?.headers, init?.redirect])
        return new Promise((resolve) => (answer = resolve))
      },
      secrets: []
    })
    const [first, second] = [client.ask({ url: 'http://x' }), client.ask({ body: 'b', headers: { a: '1' }, method: 'PUT', url: 'http://y' })]
    expect(inits).toEqual([
      ['http://x', 'GET', undefined, {}, 'manual'],
      ['http://y', 'PUT', 'b', { a: '1' }, 'manual']
    ])
    const order: Array<string> = []
    void Promise.race([first, second]).then(() => order.push('answered'))
    const closing = client.close().then(() => order.push('closed'))
    await settle()
    expect(order).toEqual([])
    answer(new Response('x'))
    expect(await second).toMatchObject({ status: 200, text: 'x' })
    await Promise.race([closing, settle()])
    expect(order).toEqual(['answered'])
  })

  test('ends with a close, and does not begin after one', async () => {
    const client = createClient({
      clock: manualClock(),
      fetch: (_url, init) => new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(new Error('aborted')))),
      secrets: []
    })
    const asked = client.ask({ url: 'http://x' })
    await client.close()
    const ended = { _tag: 'Uncertain', error: 'tack is shutting down', waitMs: 0 }
    expect([await asked, await client.ask({ url: 'http://x' })]).toEqual([ended, ended])
  })

  test('leaves a doubt without secrets when fetch throws', async () => {
    const client = createClient({ clock: manualClock(), fetch: () => Promise.reject(new Error('bad header: Bearer hush-hush')), secrets: ['hush-hush'] })
    expect(await client.ask({ url: 'http://x' })).toEqual({ _tag: 'Uncertain', error: 'bad header: Bearer ***', waitMs: 0 })
  })
})

describe('polling', () => {
  const progress = (changes: Partial<Progress> = {}): Progress => ({ error: null, exitCode: null, external: '1', status: 'running', ...changes })

  test('reports a build that has another name, or another exit code, and the same no second time', async () => {
    const clock = manualClock()
    const work = createWork({ clock, secrets: [] })
    const answers = [progress(), progress({ external: '2' }), progress({ external: '2' }), progress({ exitCode: 1, external: '2' }), progress({ status: 'success' })]
    const reports: Array<Progress> = []
    let asked = 0
    work.poll(1_000, () => Promise.resolve(answers[asked++] ?? expect.fail('it is asked too often')), (one) => reports.push(one))
    for (let n = 0; n < answers.length; n++) {
      await settle()
      clock.advance(1_000)
    }
    expect(reports).toEqual([answers[0], answers[1], answers[3], answers[4]])
    await work.close()
  })

  test('reports what is new, waits longer after failures and as long as told to, and ends with the build', async () => {
    const clock = manualClock()
    const work = createWork({ clock, secrets: [] })
    const answers = [
      () => Promise.resolve(progress()),
      () => Promise.resolve(progress()),
      () => Promise.resolve({ _tag: 'Missing' } as const),
      () => Promise.resolve(work.uncertain('x')),
      () => Promise.reject(new Error('thrown')),
      () => Promise.resolve(work.uncertain('x', 100_000)),
      () => Promise.resolve(progress({ error: 'e' })),
      // After an answer, failures are counted anew.
      () => Promise.resolve(work.uncertain('x')),
      () => Promise.resolve(progress({ error: 'e', exitCode: 1 })),
      () => Promise.resolve(progress({ error: 'e', exitCode: 1, status: 'failed' })),
      () => Promise.resolve(progress({ status: 'success' }))
    ]
    const reports: Array<Progress> = []
    const asked: Array<number> = []
    const begun = clock.now()
    work.poll(
      1_000,
      () => {
        asked.push((clock.now() - begun) / 1_000_000)
        return answers[asked.length - 1]?.() ?? Promise.reject(new Error('asked too often'))
      },
      (one) => reports.push(one)
    )
    for (let step = 0; step < 300; step++) {
      await settle()
      clock.advance(500)
    }
    expect(asked).toEqual([0, 1, 2, 4, 8, 16, 116, 117, 119, 120])
    expect(reports).toEqual([progress(), progress({ error: 'e' }), progress({ error: 'e', exitCode: 1 }), progress({ error: 'e', exitCode: 1, status: 'failed' })])
    expect(clock.armed()).toBe(0)
    await work.close()
  })

  test('passes on the words about a build without secrets, as a sentence', async () => {
    const work = createWork({ clock: manualClock(), secrets: ['hush-hush'] })
    const reports: Array<Progress> = []
    work.poll(1_000, () => Promise.resolve(progress({ error: 'echo hush-hush\n\u0007', status: 'failed' })), (one) => reports.push(one))
    await settle()
    expect(reports).toEqual([progress({ error: 'echo ***\\u000a\\u0007', status: 'failed' })])
    await work.close()
  })

  test('never waits longer than a minute by itself', async () => {
    const clock = manualClock()
    const work = createWork({ clock, secrets: [] })
    let asked = 0
    const stop = work.poll(1_000, () => Promise.resolve(work.uncertain(String(++asked))), () => undefined)
    for (let step = 0; step < 20; step++) {
      await settle()
      clock.advance(60_000)
    }
    expect(asked).toBe(20)
    stop()
    await settle()
    expect(clock.armed()).toBe(0)
  })
})

describe('a log that is one text', () => {
  const reading = async (texts: ReadonlyArray<TextLog | { readonly _tag: 'Uncertain'; readonly error: string; readonly waitMs: number }>) => {
    const clock = manualClock()
    const work = createWork({ clock, secrets: ['hush'] })
    const lines: Array<LogLine> = []
    let at = 0
    const state = { isOver: false }
    const read = async (): Promise<void> => {
      const options = {
        everyMs: 1_000,
        name: 'Build',
        read: () => Promise.resolve(texts[at++] ?? ({ _tag: 'None', sentence: 'asked too often' } as const)),
        signal: new AbortController().signal
      }
      for await (const line of work.log(options)) lines.push(line)
      state.isOver = true
    }
    const done = read()
    for (let seconds = 0; !state.isOver; seconds++) {
      if (seconds > 10_000) expect.fail('the log has not ended after some hours')
      await settle()
      clock.advance(1_000)
    }
    await done
    expect(faultsOfLog(lines)).toEqual([])
    for (const { timeMs } of lines) expect(timeMs - NOW_MS).toBeLessThan(60_000)
    return lines.flatMap((line) => (line._tag === 'Text' ? [line.text] : line.status === 'start' ? [`[${line.kind} ${line.name}]`] : []))
  }

  const text = (said: string, isComplete = false): TextLog => ({ _tag: 'Text', isComplete, text: said })

  test('is delivered line by line, each once and whole', async () => {
    expect(await reading([{ _tag: 'NotYet' }, text('a\nb'), text('a\nb'), text('a\nbc\r\n\nd'), text('a\nbc\r\n\nde', true)])).toEqual([
      '[user Build]',
      'a',
      'bc',
      '',
      'de'
    ])
    expect(await reading([text('', true)])).toEqual(['[user Build]'])
    expect(await reading([text('a\n', true)])).toEqual(['[user Build]', 'a'])
  })

  test('says once what cannot be fetched, and goes on', async () => {
    const doubt = { _tag: 'Uncertain', error: 'no answer', waitMs: 0 } as const
    expect(await reading([text('a\n'), doubt, doubt, text('a\nb\n'), doubt, text('a\nb\nc\n', true)])).toEqual([
      '[user Build]',
      'a',
      '[system Log]',
      'The log is unavailable at the moment: no answer',
      'b',
      '[system Log]',
      'The log is unavailable at the moment: no answer',
      'c'
    ])
  })

  test('says where to look when there is none, without secrets', async () => {
    expect(await reading([{ _tag: 'None', sentence: 'Look elsewhere.' }])).toEqual(['[system Log]', 'Look elsewhere.'])
    expect(await reading([text('a\n'), { _tag: 'None', sentence: 'Look elsewhere.' }])).toEqual(['[user Build]', 'a', '[system Log]', 'Look elsewhere.'])
    expect(await reading([text('my hush is hush', true)])).toEqual(['[user Build]', 'my *** is ***'])
  })
})
