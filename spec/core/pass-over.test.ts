/** Which steps may take long, and what takes the place of an event that is passed over. */
import * as E from 'fp-ts/lib/Either.js'
import { expect, test } from 'vitest'
import { aboutOf, clampTimeUs, Config, defaults, Event, mayTakeLong, PASSED_OVER, passOver } from '../../core/index.js'

const AT = 1_767_225_600_000_000
const KEY = { knot: 'knot.example', rkey: '3mbd354mf2222' }

const event = (written: object): Event => {
  const decoded = Event.decode({ at: AT, ...written })
  if (E.isLeft(decoded)) throw new Error(JSON.stringify(written))
  return decoded.right
}

const trigger = {
  actor: null,
  cause: { _tag: 'Manual', inputs: [], ref: null, sha: null },
  defaultBranch: null,
  kind: 'pipeline',
  repo: { did: null, knot: null, name: 'app', owner: 'did:plc:owner' },
  shape: null,
  unkept: [],
  workflows: []
}
const received = (payload: object): Event =>
  event({ _tag: 'KnotReceived', connection: 1, created: null, host: KEY.knot, nsid: 'sh.tangled.pipeline', payload, rkey: KEY.rkey })

const listed = { collection: 'sh.tangled.spindle.member', record: { createdAt: '', instance: '', subject: '' }, rkey: 'first' }
const page = (records: ReadonlyArray<object>): Event =>
  event({ _tag: 'RecordsRead', collection: listed.collection, did: 'did:plc:owner', next: 'more', number: 3, records })
const workflow = { _tag: 'Faulty', content: '', error: 'x', name: 'ci.yml', when: null }
const files = (sources: ReadonlyArray<object> | null): Event =>
  event({ _tag: 'WorkflowsRead', ...KEY, defaultBranch: null, number: 7, sources, unkept: [], workflows: [workflow] })
const config = Config.decode(defaults({ hostname: 'ci.example', owner: 'did:plc:owner' }))
const started = event({ _tag: 'Started', config: E.isRight(config) ? config.right : null, resumeFrom: null })
const retry = event({ _tag: 'RetryRequested', ...KEY, workflow: null })
const cancel = event({ _tag: 'CancelRequested', ...KEY, workflow: null })

test.each<readonly [string, Event, boolean, string]>([
  ['a start', started, true, ''],
  ['a trigger', received({ _tag: 'Trigger', trigger }), true, 'sh.tangled.pipeline knot.example/3mbd354mf2222'],
  ['a trigger that is not understood', received({ _tag: 'Unreadable', detail: 'what is this' }), false, 'sh.tangled.pipeline knot.example/3mbd354mf2222'],
  ['a frame that is no trigger', received({ _tag: 'Other' }), false, 'sh.tangled.pipeline knot.example/3mbd354mf2222'],
  ['workflow files', files([]), true, 'knot.example/3mbd354mf2222'],
  ['a page of records', page([listed]), true, 'did:plc:owner sh.tangled.spindle.member first'],
  ['an empty page', page([]), true, 'did:plc:owner sh.tangled.spindle.member -'],
  ['a retry', retry, true, 'knot.example/3mbd354mf2222'],
  ['a cancellation', cancel, false, '']
])('%s may take long, or not, and has a name', (_, one, isLong, name) => {
  expect([mayTakeLong(one), aboutOf(one)]).toEqual([isLong, name])
})

test.each<readonly [string, Event, ReadonlyArray<object>]>([
  ['a trigger is not understood', received({ _tag: 'Trigger', trigger }), [{ ...received({ _tag: 'Unreadable', detail: PASSED_OVER }) }]],
  ['of files there are none', files([]), [{ ...files([]), workflows: [] }]],
  ['of files whose sources are not known, neither', files(null), [{ ...files(null), workflows: [] }]],
  ['a page is empty, and the next one follows', page([listed]), [page([])]],
  ['a retry is nothing', retry, []]
])('passed over, %s', (_, one, others) => {
  const at = clampTimeUs(AT + 1)
  expect(passOver(at, one)).toEqual([{ _tag: 'PassedOver', about: aboutOf(one), at, of: one._tag }, ...others])
})

test('passing over a trigger drops sources that were known as well', () => {
  const known = event({ _tag: 'WorkflowsRead', ...KEY, defaultBranch: null, number: 7, sources: [{ name: 'ci.yml', text: 'x' }], unkept: [], workflows: [workflow] })
  expect(passOver(clampTimeUs(AT), known)?.[1]).toEqual({ ...known, sources: [], workflows: [] })
})

test('a start cannot be passed over', () => {
  expect(passOver(clampTimeUs(AT), started)).toBeNull()
})
