/** Examples of T7: calls, and the tokens by which they are made. */
import {
  announce,
  askToEnd,
  DONE,
  filesRead,
  FOLLOWING,
  ignored,
  MAIN,
  name,
  publish,
  read,
  refused,
  REPO_DID,
  retry,
  running,
  SHA,
  shown,
  unread,
  workflow,
  type Of
} from './build-world.js'
import { clampTimeUs, COLLABORATOR, REPO, tidOf } from '../../../core/index.js'
import { ALICE, at, BOB, collaborator, del, type Example, example, K1, OWNER, put, repo, type WrittenEffect, type WrittenEvent } from './support.js'

type Called = Of<WrittenEvent, 'CallReceived'>
type Trigger = Of<Called['call'], 'TriggerPipeline'>

/** A call by the owner, with a token of its own that is good for a minute. */
const calls = (call: Called['call'], when: number, changes: Partial<Called> = {}): Called => ({
  _tag: 'CallReceived',
  at: when,
  call,
  caller: OWNER,
  token: { id: String(when), untilUs: when + 60_000_000 },
  ...changes
})

const wish = (changes: Partial<Trigger['cause']> = {}): Trigger['cause'] => ({ _tag: 'Manual', inputs: [], ref: null, sha: SHA, ...changes })
const build = (changes: Partial<Trigger> = {}): Trigger => ({ _tag: 'TriggerPipeline', cause: wish(), repo: REPO_DID, workflows: null, ...changes })

/** The pipeline of the push, announced a moment before second 21. */
const PIPELINE = tidOf(clampTimeUs(at(21) - 1))
const end = (changes: Partial<Of<Called['call'], 'CancelPipeline'>> = {}): Called['call'] => ({
  _tag: 'CancelPipeline',
  pipeline: PIPELINE,
  repo: REPO_DID,
  workflows: null,
  ...changes
})

/** The key of what is begun at second 30. */
const keyAt = (us: number): string => tidOf(clampTimeUs(us))
const OWN = keyAt(at(30))
const begun = (number: number, changes: Partial<Of<WrittenEffect, 'ReadWorkflows'>> = {}): WrittenEffect => read(number, { rkey: OWN, ...changes })
const answered = (workflows: Parameters<typeof filesRead>[0], number: number, changes: Parameters<typeof filesRead>[2] = {}): WrittenEvent =>
  filesRead(workflows, at(31), { number, rkey: OWN, ...changes })

const failing = (error: string, names: ReadonlyArray<string>): ReadonlyArray<WrittenEffect> =>
  names.map((of, i) => publish('failed', at(31) + i, { build: name(of, OWN), error }))

const OTHER_ENGINE = 'This spindle builds workflows of engine "tack", and this one names "x".'
const BY_HAND = { cause: wish(), rkey: OWN }
const BOB_COLLABORATES = put(OWNER, 'c', collaborator({ repoDid: REPO_DID, subject: BOB }), at(2), { connection: 1 })

export const CALLS: ReadonlyArray<Example> = [
  example('T7.1 a call by somebody with a say has the files read at the commit that it names, under a key of ours', {
    given: running(),
    when: [calls(build({ cause: wish({ inputs: [['k', 'v']], ref: MAIN }) }), at(30))],
    then: { effects: [begun(1)], changes: ['builds'] }
  }),
  example('T7.2 what is begun is announced, and built, like any other run by hand', {
    given: [...running(), calls(build(), at(30))],
    when: [answered([workflow({ engine: 'x', name: 'a' }), workflow({ engine: 'x', name: 'b' })], 1)],
    then: { effects: [announce(at(31), [shown('a', { engine: 'x' }), shown('b', { engine: 'x' })], BY_HAND), ...failing(OTHER_ENGINE, ['a', 'b'])] }
  }),
  example('T7.3 of the workflows that are named there is a build each, also of one that is called by what is shown of its name', {
    given: [...running(), calls(build({ workflows: ['none', 'b', `${'a'.repeat(39)}…`, 'gone', 'none'] }), at(30))],
    when: [answered(['b', 'c', 'a'.repeat(50)].map((of) => workflow({ engine: 'x', name: of })), 1)],
    then: {
      effects: [
        announce(at(31), [shown('a'.repeat(50), { engine: 'x' }), shown('b', { engine: 'x' }), unread('gone'), unread('none')], BY_HAND),
        ...failing(OTHER_ENGINE, ['a'.repeat(50), 'b']),
        publish('failed', at(31) + 2, { build: name('gone', OWN), error: 'There is no such workflow file any more.' }),
        publish('failed', at(31) + 3, { build: name('none', OWN), error: 'There is no such workflow file any more.' })
      ]
    }
  }),
  example('T7.4 a call that names no workflow that is there comes to nothing, and so does one of a repository without any', {
    given: [...running(), calls(build({ workflows: ['none'] }), at(30)), calls(build(), at(30) + 1)],
    when: [answered([workflow()], 1), answered([], 2, { rkey: keyAt(at(30) + 1) })],
    then: { reports: [ignored('workflows', at(31), OWN), ignored('workflows', at(31), keyAt(at(30) + 1))] }
  }),
  example('T7.5 the key of a call is ours: that it came to nothing makes no trigger of the knot forgotten', {
    given: [...running(), calls(build(), at(30)), answered([], 1)],
    when: [retry(at(40), null, OWN), calls(build(), at(30), { token: { id: 'another', untilUs: at(90) } })],
    then: { effects: [begun(2)] }
  }),
  example('T7.6 a commit that is not there is not waited for, and an answer that may come is', {
    given: [...running(), calls(build(), at(30)), calls(build({ workflows: ['ci.yml', 'a.yml', 'ci.yml'] }), at(30) + 1), calls(build(), at(30) + 2)],
    when: [
      { _tag: 'RequestFailed', at: at(31), error: 'no such commit', isFinal: true, number: 1, requested: { _tag: 'Workflows', knot: K1, rkey: OWN }, waitMs: 0 },
      { _tag: 'RequestFailed', at: at(32), error: 'no such commit', isFinal: true, number: 2, requested: { _tag: 'Workflows', knot: K1, rkey: keyAt(at(30) + 1) }, waitMs: 0 },
      { _tag: 'RequestFailed', at: at(33), error: 'no answer', isFinal: false, number: 3, requested: { _tag: 'Workflows', knot: K1, rkey: keyAt(at(30) + 2) }, waitMs: 0 }
    ],
    then: {
      effects: [
        announce(at(32), [unread('a.yml'), unread('ci.yml')], { cause: wish(), rkey: keyAt(at(30) + 1) }),
        publish('failed', at(32), { build: name('a.yml', keyAt(at(30) + 1)), error: 'The workflow files could not be read: no such commit' }),
        publish('failed', at(32) + 1, { build: name('ci.yml', keyAt(at(30) + 1)), error: 'The workflow files could not be read: no such commit' }),
        { _tag: 'WakeAfter', highMs: 2_000, lowMs: 1_000, timer: { _tag: 'RequestTimer', number: 4, requested: { _tag: 'Workflows', knot: K1, rkey: keyAt(at(30) + 2) } } }
      ],
      reports: [
        { _tag: 'WorkflowsReadFailed', at: at(31), knot: K1, rkey: OWN },
        { _tag: 'WorkflowsReadFailed', at: at(32), knot: K1, rkey: keyAt(at(30) + 1) }
      ]
    }
  }),
  example('T7.7 whoever has no say in the repository has nothing begun, and nothing ended', {
    given: FOLLOWING,
    when: [
      calls(build(), at(30), { caller: BOB }),
      calls(end(), at(30), { caller: BOB }),
      calls(build({ repo: 'did:plc:nothing' }), at(30)),
      calls(end({ repo: 'did:plc:nothing' }), at(30))
    ],
    then: { changes: [] }
  }),
  example('T7.8 a collaborator has a say, until the record goes', {
    given: [...running(), BOB_COLLABORATES],
    when: [calls(build(), at(30), { caller: BOB }), del(OWNER, COLLABORATOR, 'c', at(31), { connection: 1 }), calls(build(), at(32), { caller: BOB }), answered([workflow()], 1)],
    then: { effects: [begun(1)], reports: [refused('actor', at(31), OWN)] }
  }),
  example('T7.9 a repository that two owners claim is each one’s own, and nobody else’s', {
    given: [...running(), BOB_COLLABORATES, put(ALICE, 'fake', repo({ repoDid: REPO_DID }), at(3), { connection: 1 })],
    when: [
      calls(build(), at(30), { caller: BOB }),
      calls(build(), at(30), { caller: ALICE }),
      calls(build(), at(30))
    ],
    then: {
      effects: [
        begun(1, { repository: { did: REPO_DID, name: 'app', owner: ALICE, rkey: 'fake' } }),
        read(2, { rkey: keyAt(at(30) + 1) })
      ]
    }
  }),
  example('T7.10 a repository that is held on two knots is none that can be told', {
    given: [...running(), put(OWNER, 'b', repo({ knot: 'knot2.example', repoDid: REPO_DID }), at(12), { connection: 1 })],
    when: [calls(build(), at(30)), del(OWNER, REPO, 'b', at(31), { connection: 1 }), calls(build(), at(32))],
    then: { effects: [{ _tag: 'UnsubscribeKnot', connection: 3, host: 'knot2.example' }, read(1, { rkey: keyAt(at(32)) })] }
  }),
  example('T7.11 a pipeline that is cancelled ends, at its provider too', {
    given: FOLLOWING,
    when: [calls(end({ workflows: ['ci.yml'] }), at(30))],
    then: { effects: [publish('cancelled', at(30)), askToEnd(4)], changes: ['builds'] }
  }),
  example('T7.12 nothing is cancelled of a pipeline that has ended, of another repository, or by a workflow that it does not have', {
    given: [...DONE, put(OWNER, 'b', repo({ repoDid: 'did:plc:b' }), at(25), { connection: 1 })],
    when: [
      calls(end(), at(30)),
      calls(end({ repo: 'did:plc:b' }), at(31)),
      calls(end({ workflows: ['none'] }), at(32)),
      calls(end({ pipeline: `${PIPELINE.slice(0, -1)}3` }), at(33))
    ],
    then: { changes: ['builds'] }
  }),
  example('T7.13 a token counts once, also where nothing came of it, and until its time is over', {
    given: running(),
    when: [
      calls(build(), at(30), { token: { id: 'a', untilUs: at(90) } }),
      calls(build(), at(31), { token: { id: 'a', untilUs: at(90) } }),
      calls(end(), at(32), { token: { id: 'b', untilUs: at(90) } }),
      calls(build(), at(33), { token: { id: 'b', untilUs: at(90) } }),
      calls(build(), at(34), { token: { id: 'c', untilUs: at(34) } })
    ],
    then: { effects: [begun(1)] }
  }),
  example('T7.14 a clock that is set back brings no token back', {
    given: running(),
    when: [
      calls(build(), at(30), { token: { id: 'a', untilUs: at(90) } }),
      calls(end(), at(100), { token: { id: 'b', untilUs: at(160) } }),
      calls(build(), at(40), { token: { id: 'a', untilUs: at(90) } })
    ],
    then: { effects: [begun(1)] }
  }),
  example('T7.18 a clock that is set back brings no token back, nor does another token that is used by it', {
    given: running(),
    when: [
      calls(end(), at(30), { token: { id: 'a', untilUs: at(99) } }),
      calls(end(), at(100), { token: { id: 'b', untilUs: at(160) } }),
      calls(end(), at(50), { token: { id: 'c', untilUs: at(160) } }),
      calls(build(), at(51), { token: { id: 'a', untilUs: at(99) } })
    ],
    then: { effects: [] }
  }),
  example('T7.15 two tokens of two people may have one id', {
    given: [...running(), BOB_COLLABORATES],
    when: [
      calls(build(), at(30), { token: { id: 'a', untilUs: at(90) } }),
      calls(build(), at(30), { caller: BOB, token: { id: 'a', untilUs: at(90) } })
    ],
    then: { effects: [begun(1), read(2, { rkey: keyAt(at(30) + 1) })] }
  }),
  example('T7.16 a hundred tokens of one caller are remembered, and the next one does not count before one of them is over', {
    given: [...running(), ...Array.from({ length: 100 }, (_, i) => calls(end(), at(30) + i, { token: { id: `t${String(i)}`, untilUs: at(90) + i } }))],
    when: [
      calls(build(), at(31), { token: { id: 'a', untilUs: at(120) } }),
      calls(build(), at(90), { token: { id: 'a', untilUs: at(120) } })
    ],
    then: { effects: [read(1, { rkey: keyAt(at(90)) })] }
  }),
  example('T7.17 what a call began can be retried by the operator', {
    given: [...running(), calls(build(), at(30)), answered([workflow({ engine: 'x', name: 'a' })], 1)],
    when: [retry(at(40), null, OWN)],
    then: { effects: [read(2, { rkey: keyAt(at(40)) })] }
  }),
  example('T7.19 the retry of what a call began means names as they are, and says so where no file has one any more', {
    given: [...running(), calls(build(), at(30)), answered([workflow({ engine: 'x', name: `${'a'.repeat(39)}…` })], 1), retry(at(40), null, OWN)],
    when: [filesRead([workflow({ engine: 'x', name: 'a'.repeat(50) })], at(41), { number: 2, rkey: keyAt(at(40)) })],
    then: {
      effects: [
        announce(at(41), [unread(`${'a'.repeat(39)}…`)], { cause: wish(), rkey: keyAt(at(40)) }),
        publish('failed', at(41), {
          build: name(`${'a'.repeat(39)}…`, keyAt(at(40))),
          error: 'There is no such workflow file any more.'
        })
      ]
    }
  })
]
