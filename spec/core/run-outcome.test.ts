/** What has become of what a call has begun, by the effects of a batch and the state after it. */
import { expect, test } from 'vitest'
import { clampTimeUs, Event, HostName, type Report, Rkey, runOutcome, tidOf } from '../../core/index.js'
import { filesRead, REPO_DID, running, SHA, workflow } from '../suite/examples/build-world.js'
import { at, CONFIG, foldOf, type Happening, initialOf, K1, must, OWNER } from '../suite/examples/support.js'

const KEY = must(Rkey.decode(tidOf(clampTimeUs(at(30)))))
const RUN = { knot: must(HostName.decode(K1)), rkey: KEY }

const call = (): Happening =>
  must(
    Event.decode({
      _tag: 'CallReceived',
      at: at(30),
      call: { _tag: 'TriggerPipeline', cause: { _tag: 'Manual', inputs: [], ref: null, sha: SHA }, repo: REPO_DID, workflows: null },
      caller: OWNER,
      token: { id: 'x', untilUs: at(90) }
    })
  )
const files = (names: ReadonlyArray<string>): Happening => filesRead(names.map((name) => workflow({ engine: 'x', name })), at(31), { number: 1, rkey: KEY })
const withCall = (...then: ReadonlyArray<Happening>) => foldOf(initialOf(CONFIG), [...running(), call(), ...then])
const announced = { _tag: 'Announced', pipeline: tidOf(clampTimeUs(at(31) - 1)) }

test('is not known while the files are read', () => {
  expect(runOutcome(RUN)(...withCall())).toBeNull()
})

test('is its pipeline, in the batch that announces it, and whoever asks later', () => {
  expect(runOutcome(RUN)(...withCall(files(['ci.yml'])))).toEqual(announced)
  expect(runOutcome(RUN)(withCall(files(['ci.yml']))[0], [])).toEqual(announced)
})

test('is its pipeline, also where that was forgotten in the batch that announces it', () => {
  expect(runOutcome(RUN)(foldOf(initialOf(CONFIG), running())[0], withCall(files(['ci.yml']))[1])).toEqual(announced)
})

test('is nothing, where no file is there', () => {
  expect(runOutcome(RUN)(...withCall(files([])))).toEqual({ _tag: 'Empty' })
})

test('is an end before it began, where it is gone and nothing is said of it', () => {
  const cancel: Happening = must(Event.decode({ _tag: 'CancelRequested', at: at(31), knot: K1, rkey: KEY, workflow: null }))
  expect(runOutcome(RUN)(...withCall(cancel))).toEqual({ _tag: 'Cancelled' })
})

const told: ReadonlyArray<readonly [object, object]> = [
  [{ _tag: 'TriggerIgnored', reason: 'workflows' }, { _tag: 'Empty' }],
  [{ _tag: 'TriggerRefused', detail: '', reason: 'actor' }, { _tag: 'Refused' }],
  [{ _tag: 'WorkflowsReadFailed', detail: 'no such commit' }, { _tag: 'Unreadable', detail: 'no such commit' }]
]

test.each(told)('is what is reported of it, by %j, and not what is reported of others', (report, outcome) => {
  const gone = foldOf(initialOf(CONFIG), running())[0]
  const of = (names: object) => [{ _tag: 'Report' as const, report: { at: at(31), ...RUN, ...report, ...names } as Report }]
  expect(runOutcome(RUN)(gone, of({}))).toEqual(outcome)
  expect(runOutcome(RUN)(gone, of({ rkey: 'other' }))).toEqual({ _tag: 'Cancelled' })
  expect(runOutcome(RUN)(gone, of({ knot: 'other.example' }))).toEqual({ _tag: 'Cancelled' })
})

test('is not what is announced of others', () => {
  const [gone, [first]] = [foldOf(initialOf(CONFIG), running())[0], withCall(files(['ci.yml']))[1].filter(({ _tag }) => _tag === 'PublishPipeline')]
  if (first?._tag !== 'PublishPipeline') expect.fail('nothing is announced')
  for (const other of [{ rkey: must(Rkey.decode('other')) }, { knot: must(HostName.decode('other.example')) }])
    expect(runOutcome(RUN)(gone, [{ ...first, entry: { ...first.entry, ...other } }])).toEqual({ _tag: 'Cancelled' })
})
