/** Our own `/events`: the text of a frame, its stamps to the digit, and where a reader goes on. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { decodeCursor, logFrame, Nanos, PipelineEntry, pipelineFrame, type ReaderCursor, rfc3339, statusFrame, StatusEntry, tidOf, TimeUs } from '../../core/index.js'
import { nanosBefore, nanosOf } from '../../core/data/identifiers.js'
import { must } from '../suite/examples/support.js'

const LAST = Number.MAX_SAFE_INTEGER
const us = (n: number) => must(TimeUs.decode(n))

const entry = (fields: object = {}) =>
  must(
    StatusEntry.decode({
      build: { knot: 'knot.example', rkey: '3mbd3542k2222', workflow: 'ci.yml' },
      createdUs: 1_767_225_600_000_001,
      error: null,
      exitCode: null,
      status: 'pending',
      ...fields
    })
  )

describe('a frame', () => {
  test('says how a build stands', () => {
    expect(statusFrame(entry())).toBe(
      '{"rkey":"3mbd3542k2322","nsid":"sh.tangled.pipeline.status","event":{"$type":"sh.tangled.pipeline.status",' +
        '"pipeline":"at://did:web:knot.example/sh.tangled.pipeline/3mbd3542k2222","workflow":"ci.yml","status":"pending",' +
        '"createdAt":"2025-12-31T23:59:58.000001Z"},"created":1767225600000001000}'
    )
  })

  test('says what went wrong, and how a job ended', () => {
    const frame = statusFrame(entry({ error: 'a "sentence"\n', exitCode: 0, status: 'failed' }))
    expect(frame).toContain('"status":"failed","createdAt":"2026-01-01T00:00:00.000001Z","error":"a \\"sentence\\"\\n","exitCode":0},')
    expect(statusFrame(entry({ error: '', exitCode: -1 }))).toContain('Z","error":"","exitCode":-1},')
    expect(statusFrame(entry({ error: 'x' }))).toContain('Z","error":"x"},')
    expect(statusFrame(entry({ exitCode: 7 }))).toContain('Z","exitCode":7},')
  })

  test('can name a knot with a port, and a workflow of any letters', () => {
    const frame = statusFrame(entry({ build: { knot: 'localhost:5555', rkey: 'self', workflow: 'ü "x".yml' } }))
    expect(frame).toContain('"pipeline":"at://did:web:localhost:5555/sh.tangled.pipeline/self","workflow":"ü \\"x\\".yml"')
  })

  for (const createdUs of [0, 1, 999_999, 1_000_000, 1_767_225_600_000_000, LAST])
    test(`created at ${String(createdUs)} is JSON, and its stamp is exact`, () => {
      const frame = statusFrame(entry({ createdUs }))
      expect(JSON.parse(frame)).toMatchObject({ rkey: tidOf(us(createdUs)), event: { createdAt: rfc3339(us(Math.max(0, createdUs - 2_000_000))) } })
      expect(frame.endsWith(`,"created":${nanosOf(us(createdUs))}}`)).toBe(true)
    })
})

/** What a reader makes of the statuses of a build that cuts times to whole seconds, and of one second takes the last to arrive. */
const latest = (frames: ReadonlyArray<string>): string | undefined => {
  const read = frames.map((text) => JSON.parse(text) as { readonly event: { readonly createdAt: string; readonly status: string } })
  const seconds = (createdAt: string): string => createdAt.slice(0, 19)
  return read.reduce((a, b) => (seconds(b.event.createdAt) < seconds(a.event.createdAt) ? a : b)).event.status
}

describe('the time in a frame', () => {
  const statuses = ['pending', 'running', 'success'] as const
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0]
  ]

  test('lets a reader that cuts it to seconds find the last status, in whatever order they come', () => {
    for (const first of [2_000_000, 1_767_225_600_000_000, 1_767_225_600_999_998, 1_767_225_600_500_000])
      for (const [after, then] of [[1, 1], [1, 900_000], [400_000, 1], [999_999, 999_999], [5_000_000, 7_000_000]] as const) {
        const stamps = [first, first + after, first + after + then]
        const frames = statuses.map((status, i) => statusFrame(entry({ createdUs: stamps[i], status })))
        for (const order of orders) expect([first, after, then, latest(order.map((i) => frames[i] ?? ''))]).toEqual([first, after, then, 'success'])
        const [pending = '', running = '', ended = ''] = frames
        expect([latest([running, pending]), latest([ended, pending])]).toEqual(['running', 'success'])
      }
  })

  test('is never later than the stamp, and is the stamp for an end', () => {
    const earlier = { pending: 2_000_000, running: 1_000_000, success: 0, failed: 0, timeout: 0, cancelled: 0 }
    for (const [status, us_] of Object.entries(earlier))
      for (const createdUs of [0, 1_500_000, 1_767_225_600_000_001])
        expect(statusFrame(entry({ createdUs, status }))).toContain(`"createdAt":"${rfc3339(us(Math.max(0, createdUs - us_)))}"`)
  })
})

describe('the frame that announces a run', () => {
  const announced = (fields: object): PipelineEntry =>
    must(
      PipelineEntry.decode({
        cause: { _tag: 'Manual', inputs: [], ref: null, sha: null },
        createdUs: 1_767_225_600_000_001,
        defaultBranch: 'main',
        knot: 'knot.example',
        repository: { did: 'did:plc:app', name: 'app', owner: 'did:plc:alice', rkey: 'self' },
        rkey: '3mbd3542k2222',
        workflows: [{ clone: { depth: 2, skip: false, submodules: true }, engine: 'tack', name: 'ci.yml', text: 'engine: tack' }],
        ...fields
      })
    )
  const REPO = '{"knot":"knot.example","did":"did:plc:alice","repo":"app","repoDid":"did:plc:app","defaultBranch":"main"}'
  const frame = (metadata: string, workflows = '{"name":"ci.yml","engine":"tack","raw":"engine: tack","clone":{"skip":false,"depth":2,"submodules":true}}') =>
    `{"rkey":"3mbd3542k2222","nsid":"sh.tangled.pipeline","event":{"$type":"sh.tangled.pipeline","triggerMetadata":${metadata},` +
    `"workflows":[${workflows}]},"created":1767225600000001000}`

  test.each<readonly [string, object, string]>([
    ['by hand', {}, frame(`{"kind":"manual","repo":${REPO},"manual":{"inputs":[]}}`)],
    [
      'by hand, with inputs',
      { cause: { _tag: 'Manual', inputs: [['a', '1']], ref: null, sha: null } },
      frame(`{"kind":"manual","repo":${REPO},"manual":{"inputs":[{"key":"a","value":"1"}]}}`)
    ],
    [
      'by a push',
      { cause: { _tag: 'Push', changedFiles: null, newSha: 'a'.repeat(40), oldSha: 'b'.repeat(40), ref: 'refs/heads/main', skipsCi: false } },
      frame(`{"kind":"push","repo":${REPO},"push":{"ref":"refs/heads/main","oldSha":"${'b'.repeat(40)}","newSha":"${'a'.repeat(40)}"}}`)
    ],
    [
      'by a pull request',
      { cause: { _tag: 'PullRequest', action: 'opened', sourceBranch: 'x', sourceSha: 'a'.repeat(40), targetBranch: 'main' } },
      frame(
        `{"kind":"pull_request","repo":${REPO},"pullRequest":{"sourceBranch":"x","targetBranch":"main","sourceSha":"${'a'.repeat(40)}","action":"opened"}}`
      )
    ],
    [
      'by a pull request without an action',
      { cause: { _tag: 'PullRequest', action: null, sourceBranch: 'x', sourceSha: 'a'.repeat(40), targetBranch: 'main' } },
      frame(`{"kind":"pull_request","repo":${REPO},"pullRequest":{"sourceBranch":"x","targetBranch":"main","sourceSha":"${'a'.repeat(40)}"}}`)
    ],
    [
      'in a repository without a DID or a known branch',
      { defaultBranch: null, repository: { did: '', name: 'app', owner: 'did:plc:alice', rkey: 'self' }, workflows: [] },
      frame('{"kind":"manual","repo":{"knot":"knot.example","did":"did:plc:alice","repo":"app","defaultBranch":""},"manual":{"inputs":[]}}', '')
    ]
  ])('that was begun %s', (_, fields, text) => {
    expect(pipelineFrame(announced(fields))).toBe(text)
    expect(logFrame(announced(fields))).toBe(text)
  })
})

describe('RFC 3339', () => {
  const rows: ReadonlyArray<readonly [time: number, text: string]> = [
    [0, '1970-01-01T00:00:00.000000Z'],
    [1, '1970-01-01T00:00:00.000001Z'],
    [999_999, '1970-01-01T00:00:00.999999Z'],
    [59_999_999, '1970-01-01T00:00:59.999999Z'],
    [3_599_999_999, '1970-01-01T00:59:59.999999Z'],
    [3_600_000_000, '1970-01-01T01:00:00.000000Z'],
    [86_399_999_999, '1970-01-01T23:59:59.999999Z'],
    [86_400_000_000, '1970-01-02T00:00:00.000000Z'],
    [951_782_400_000_000, '2000-02-29T00:00:00.000000Z'],
    [951_868_800_000_000, '2000-03-01T00:00:00.000000Z'],
    [1_709_164_800_000_000, '2024-02-29T00:00:00.000000Z'],
    [4_107_542_399_999_999, '2100-02-28T23:59:59.999999Z'],
    [4_107_542_400_000_000, '2100-03-01T00:00:00.000000Z'],
    [LAST, '2255-06-05T23:47:34.740991Z']
  ]
  test.each(rows)('%i', (time, text) => expect(rfc3339(us(time))).toBe(text))
})

describe('a cursor', () => {
  const rows: ReadonlyArray<readonly [text: string, time: number]> = [
    ['0', 0],
    ['1', 0],
    ['999', 0],
    ['1000', 1],
    ['1001', 1],
    ['1999', 1],
    ['2000', 2],
    ['1767225600000000000', 1_767_225_600_000_000],
    ['1767225600000000001', 1_767_225_600_000_000],
    ['1767225600000000999', 1_767_225_600_000_000],
    ['1767225600000001000', 1_767_225_600_000_001],
    ['9007199254740990999', LAST - 1],
    ['9007199254740991000', LAST],
    ['9223372036854775807', LAST]
  ]
  test.each(rows)('%j is %i', (text, timeUs) => expect(decodeCursor(text)).toEqual(E.right({ isWhole: /^[1-9][0-9]*000$|^0$/.test(text), timeUs })))

  for (const text of ['', '-1', '+1', '1.0', '1e3', ' 1', '1 ', '1\n', '0x1', 'x', '01', '٣', '9223372036854775808', '10000000000000000000'])
    test(`${JSON.stringify(text)} is refused`, () =>
      expect(decodeCursor(text)).toEqual(
        E.left('a cursor is a time in nanoseconds: decimal digits without leading zeros, from 0 to 9223372036854775807')
      ))

  /** A reader at `cursor` wants what was created after it, in nanoseconds; we look for what was created after it in microseconds. */
  test('loses nothing and repeats nothing: in whole microseconds the answer is that in nanoseconds', () => {
    const bases = [0, 1, 2, 1_767_225_600_000_000, LAST - 1]
    for (const base of bases)
      for (const nano of [0, 1, 499, 500, 999])
        for (const created of [base, base + 1]) {
          const cursor = must(Nanos.decode(String(BigInt(base) * 1000n + BigInt(nano))))
          const isAfter = E.map(({ timeUs }: ReaderCursor) => created > timeUs)(decodeCursor(cursor))
          expect([cursor, created, isAfter]).toEqual([cursor, created, E.right(nanosBefore(cursor, nanosOf(us(created))))])
        }
  })

  test('taken from a frame continues behind it', () => {
    for (const createdUs of [0, 1, 1_767_225_600_000_001, LAST]) {
      const created = /"created":([0-9]+)\}$/.exec(statusFrame(entry({ createdUs })))?.[1] ?? ''
      expect(decodeCursor(created)).toEqual(E.right({ isWhole: true, timeUs: createdUs }))
    }
  })
})
