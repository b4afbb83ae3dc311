/** What the journal holds of triggers and workflow files: what their steps made use of. */
import { expect, test } from 'vitest'
import { COLLABORATOR, fold } from '../../core/index.js'
import { comes, filesRead, push, running, trigger, workflow } from '../suite/examples/build-world.js'
import { at, BOB, collaborator, CONFIG, del, eventOf, foldOf, initialOf, OWNER, put, type WrittenEvent } from '../suite/examples/support.js'

const FILES = [{ name: 'ci.yml', text: 'engine: tack' }]
const pushed = (changes: object = {}) => trigger({ cause: push({ changedFiles: ['a', 'b'], ...changes }) })
const piped = (changes: object = {}) => trigger({ actor: null, cause: push({ changedFiles: ['a'] }), kind: 'pipeline', workflows: FILES, ...changes })
const byHand = (changes: object = {}) =>
  piped({ cause: { _tag: 'Manual', inputs: [['level', 'debug']], ref: null, sha: null }, ...changes })

/** What is journalled of the last of these events. */
const kept = (...written: ReadonlyArray<WrittenEvent>) => {
  const [state] = foldOf(initialOf(CONFIG), [...running(), ...written.slice(0, -1)])
  return fold(state, written.slice(-1).map(eventOf)).events
}

const ofNobody = { repo: { did: 'did:plc:nobody222222222222222222', knot: null, name: null, owner: null } }

test.each<readonly [string, WrittenEvent, WrittenEvent]>([
  ['a push that begins a run, whole', comes(pushed(), at(20)), comes(pushed(), at(20))],
  ['a pipeline that does, without what changed', comes(piped(), at(20)), comes(piped({ cause: push() }), at(20))],
  ['one by hand that does, whole', comes(byHand(), at(20)), comes(byHand(), at(20))],
  ['a push that is ignored', comes(pushed({ skipsCi: true }), at(20)), comes(trigger({ cause: push({ skipsCi: true }) }), at(20))],
  ['a push by somebody who has no say', comes({ ...pushed(), actor: BOB }, at(20)), comes({ ...trigger(), actor: BOB }, at(20))],
  ['a push that is left to its pipeline', comes({ ...pushed(), shape: 'bare' }, at(20)), comes({ ...trigger(), shape: 'bare' }, at(20))],
  ['a push that waits for its pipeline, whole', comes({ ...pushed(), shape: 'named' }, at(20)), comes({ ...pushed(), shape: 'named' }, at(20))],
  ['a pipeline of nobody of ours', comes(piped(ofNobody), at(20)), comes(piped({ ...ofNobody, cause: push(), workflows: [] }), at(20))],
  [
    'one by hand of nobody of ours',
    comes(byHand(ofNobody), at(20)),
    comes(byHand({ ...ofNobody, cause: { _tag: 'Manual', inputs: [], ref: null, sha: null }, workflows: [] }), at(20))
  ],
  ['what is not understood', comes('ref is not text', at(20)), comes('ref is not text', at(20))]
])('%s', (_, event, slim) => {
  expect(kept(event)).toEqual([eventOf(slim)])
})

test('a journal keeps no trigger that is sent again under another stamp', () => {
  expect(kept(comes(byHand(), at(20)), comes(byHand(), at(30)))).toEqual([
    eventOf(comes(byHand({ cause: { _tag: 'Manual', inputs: [], ref: null, sha: null }, workflows: [] }), at(30)))
  ])
})

const SAID = { environment: [['A', 'b']], steps: [{ command: 'make', environment: [], name: 'Make' }], targets: [{ pipeline: 'app', provider: 'ci', settings: [['c', 'd']] }] } as const
const BARE = { targets: [{ pipeline: 'app', provider: 'ci', settings: [] }] }
const never = { when: [{ branch: ['x'], event: ['push'], paths: null, tag: [], types: null, unknown: null }] }

test('a journal keeps of workflow files what became a plan, and what readers see', () => {
  const sources = [
    { name: 'ci.yml', text: 'x' },
    { name: 'long.yml', text: 'x'.repeat(65_535) },
    { name: 'never.yml', text: 'y' },
    { name: 'none.yml', text: 'z' }
  ]
  const read = filesRead(
    [
      workflow(SAID),
      workflow({ ...SAID, name: 'long.yml' }),
      workflow({ ...SAID, ...never, name: 'never.yml' }),
      workflow({ ...SAID, name: 'none.yml', targets: [{ ...SAID.targets[0], provider: 'other' }] })
    ],
    at(21),
    { sources }
  )
  expect(kept(comes(pushed(), at(20)), read)).toEqual([
    eventOf({
      ...read,
      sources: [sources[0], sources[3]],
      workflows: [
        workflow(SAID),
        workflow({ ...SAID, name: 'long.yml' }),
        workflow({ ...BARE, ...never, name: 'never.yml' }),
        workflow({ name: 'none.yml', targets: [{ pipeline: 'app', provider: 'other', settings: [] }] })
      ]
    } as WrittenEvent)
  ])
})

test('a journal keeps of a workflow without room how much it would take', () => {
  const beyond = workflow({ ...SAID, units: 1_048_576, name: 'a.yml' })
  const read = filesRead([beyond, workflow(SAID)], at(21), { unkept: ['a/b.yml'] })
  expect(kept(comes(pushed(), at(20)), read)).toEqual([
    eventOf({ ...read, workflows: [workflow({ ...BARE, units: 1_048_576, name: 'a.yml' }), workflow(SAID)] })
  ])
})

test('a journal keeps the names of files that are left out where a run begins', () => {
  const begins = comes({ ...byHand(), unkept: ['a/b.yml'] }, at(20))
  expect(kept(begins)).toEqual([eventOf(begins)])
  expect(kept(begins, comes({ ...byHand(), unkept: ['a/b.yml'] }, at(30)))).toEqual([
    eventOf(comes(byHand({ cause: { _tag: 'Manual', inputs: [], ref: null, sha: null }, workflows: [] }), at(30)))
  ])
})

test('a journal keeps a trigger without rights, but not its texts', () => {
  const has = put(OWNER, 'c', collaborator({ repo: 'did:plc:app22222222222222222222', subject: BOB }), at(12), { connection: 1 })
  const gone = del(OWNER, COLLABORATOR, 'c', at(21), { connection: 1 })
  const read = filesRead([workflow(SAID)], at(22), { sources: [{ name: 'ci.yml', text: 'x' }] })
  expect(kept(has, comes({ ...pushed(), actor: BOB }, at(20)), gone, read)).toEqual([eventOf({ ...read, sources: [], workflows: [workflow(BARE)] })])
})
