/** Frames of a knot: for which reason each is rejected, and that no digit of `created` is lost. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { decodeKnotFrame, HostName, Natural, rejectKnotFrame, TimeUs } from '../../core/index.js'
import { at, K1, must } from '../suite/examples/support.js'

const receipt = () => ({ at: must(TimeUs.decode(at(9))), connection: must(Natural.decode(3)), host: must(HostName.decode(K1)) })
const decode = (text: string) => decodeKnotFrame(receipt())(text)

const rejection = (reason: string, detail: string) =>
  E.left({ _tag: 'KnotFrameRejected', at: at(9), connection: 3, detail, host: K1, reason })
const received = (created: string | null, rkey = 'r', nsid = 'sh.tangled.knot.memberUpdate') =>
  E.right({ _tag: 'KnotReceived', at: at(9), connection: 3, created, host: K1, nsid, payload: { _tag: 'Other' }, rkey })

const frame = (created: string) => `{"rkey":"r","nsid":"sh.tangled.knot.memberUpdate","event":{"created":5},"created":${created}}`

describe('rejected', () => {
  const cases: ReadonlyArray<readonly [text: string, reason: string, detail: string]> = [
    ['', 'json', ''],
    ['{', 'json', '{'],
    ['x'.repeat(200), 'json', `${'x'.repeat(120)}…`],
    ['null', 'frame', 'not an object'],
    ['[]', 'frame', 'not an object'],
    ['7', 'frame', 'not an object'],
    ['{}', 'nsid', 'not text'],
    ['{"nsid":7,"rkey":7}', 'nsid', 'not text'],
    ['{"nsid":"x","rkey":7}', 'nsid', 'x'],
    ['{"nsid":"sh.tangled.x"}', 'rkey', 'not text'],
    ['{"nsid":"sh.tangled.x","rkey":null}', 'rkey', 'not text'],
    ['{"nsid":"sh.tangled.x","rkey":"a/b","created":"x"}', 'rkey', 'a/b'],
    [`{"nsid":"sh.tangled.x","rkey":"${'/'.repeat(200)}"}`, 'rkey', `${'/'.repeat(120)}…`],
    ...[
      '-1',
      '-0',
      '1.5',
      '1.0',
      '1e18',
      '9223372036854775808',
      '99999999999999999999999',
      '"1"',
      'true',
      'false',
      '{}',
      '[]',
      '[1]'
    ].map((created) => [frame(created), 'created', 'not a stamp in nanoseconds'] as const)
  ]
  for (const [text, reason, detail] of cases)
    test(JSON.stringify(text.slice(0, 100)), () => expect(decode(text)).toEqual(rejection(reason, detail)))
})

describe('a decoded frame', () => {
  for (const created of ['0', '1', '1767225600000000001', '1767225600000000002', '9223372036854775807'])
    test(`created ${created}, to the digit`, () => expect(decode(frame(created))).toEqual(received(created)))

  test('without a stamp comes from an older knot', () => {
    expect(decode('{"rkey":"r","nsid":"sh.tangled.knot.memberUpdate","event":{"created":5}}')).toEqual(received(null))
    expect(decode(frame('null'))).toEqual(received(null))
  })

  test('with several stamps counts the last one, however its key is written', () => {
    expect(decode('{"created":1,"rkey":"r","nsid":"sh.tangled.knot.memberUpdate","cre\\u0061ted":2,"event":{"created":3}}')).toEqual(
      received('2')
    )
    expect(decode('{"created":"x","rkey":"r","nsid":"sh.tangled.knot.memberUpdate","created":2}')).toEqual(received('2'))
    expect(decode('{"created":1,"rkey":"r","nsid":"sh.tangled.knot.memberUpdate","created":"x"}')).toEqual(
      rejection('created', 'not a stamp in nanoseconds')
    )
  })

  test('of any kind of event', () => {
    expect(decode('{"rkey":"__proto__","nsid":"com.example.anything","created":1}')).toEqual(
      received('1', '__proto__', 'com.example.anything')
    )
  })
})

describe('a trigger', () => {
  const of = (event: unknown, nsid = 'sh.tangled.git.refUpdate') => {
    const decoded = decode(JSON.stringify({ rkey: 'r', nsid, event, created: 1 }))
    return E.map((frame: object) => ('payload' in frame ? frame.payload : null))(decoded)
  }
  const unreadable = (detail: string) => E.right({ _tag: 'Unreadable', detail })
  const update = { ref: 'refs/heads/main', oldSha: 'a'.repeat(40), newSha: 'b'.repeat(40), repo: 'did:plc:app' }

  test('is understood', () => {
    const cause = { _tag: 'Push', changedFiles: null, newSha: 'b'.repeat(40), oldSha: 'a'.repeat(40), ref: 'refs/heads/main', skipsCi: false }
    const trigger = {
      actor: null,
      cause,
      defaultBranch: null,
      kind: 'refUpdate',
      repo: { did: 'did:plc:app', knot: null, name: null, owner: null },
      shape: 'named',
      unkept: [],
      workflows: null
    }
    expect(of(update)).toEqual(E.right({ _tag: 'Trigger', trigger }))
  })

  test('is reported with its reason when it is not understood, and the frame counts all the same', () => {
    expect(of({ ...update, ref: 7 })).toEqual(unreadable('ref is not text'))
    expect(of(undefined)).toEqual(unreadable('event is not an object'))
    expect(of({}, 'sh.tangled.pipeline')).toEqual(unreadable('triggerMetadata is not an object'))
  })

  test('is quoted in an excerpt when it is not understood', () => {
    const repo = { did: 'did:plc:a', knot: 'k', repo: 'app' }
    expect(of({ triggerMetadata: { kind: 'x'.repeat(120), repo } }, 'sh.tangled.pipeline')).toEqual(unreadable(`kind is ${'x'.repeat(112)}…`))
  })

  test('is absent where the frame is about something else', () => {
    expect(of(update, 'sh.tangled.knot.memberUpdate')).toEqual(E.right({ _tag: 'Other' }))
  })
})

test('a frame that never becomes text is rejected with its reason', () => {
  expect(E.left(rejectKnotFrame(receipt(), 'size', 'x'.repeat(200)))).toEqual(rejection('size', `${'x'.repeat(120)}…`))
  expect(E.left(rejectKnotFrame(receipt(), 'binary', ''))).toEqual(rejection('binary', ''))
})
