/** Who may have what done (T2): the matrix of rights, asked of the machine itself. */
import { describe, expect, test } from 'vitest'
import { callAnswer, clampTimeUs, COLLABORATOR, Did, Event, orderRefusal, type State, tidOf } from '../../core/index.js'
import { comes, filesRead, KEY, REPO_DID, running, SHA, trigger, workflow } from '../suite/examples/build-world.js'
import { ALICE, at, BOB, collaborator, CONFIG, del, foldOf, type Happening, initialOf, K1, member, must, OWNER, put, repo } from '../suite/examples/support.js'

const CAROL = 'did:plc:carol'
const DAVE = 'did:plc:dave'
const later = { connection: 1 }

/** The owner's repository, with a build; Alice has one of her own, Bob is a collaborator, Carol a member who was one, Dave nobody. */
const WORLD: ReadonlyArray<Happening> = [
  ...running(),
  put(OWNER, 'm', member(), at(12), later),
  put(OWNER, 'n', member({ subject: CAROL }), at(12), later),
  put(ALICE, 'hers', repo({ name: 'hers', repoDid: 'did:plc:hers' }), at(13), later),
  put(OWNER, 'c', collaborator({ repoDid: REPO_DID, subject: BOB }), at(14), later),
  put(OWNER, 'd', collaborator({ repoDid: REPO_DID, subject: CAROL }), at(14), later),
  del(OWNER, COLLABORATOR, 'd', at(15), later),
  comes(trigger(), at(20)),
  filesRead([workflow()], at(21))
]

const state = (): State => foldOf(initialOf(CONFIG), WORLD)[0]

const begins = (actor: string): boolean => {
  const [, effects] = foldOf(state(), [comes(trigger({ actor }), at(30), { rkey: '3mbd35yo2w222' })])
  return effects.some(({ _tag }) => _tag === 'ReadWorkflows')
}

const call = (caller: string, what: object): boolean => {
  const event = must(Event.decode({ _tag: 'CallReceived', at: at(30), call: what, caller: must(Did.decode(caller)), token: { id: 'x', untilUs: at(90) } }))
  return event._tag === 'CallReceived' && callAnswer(event)(state())._tag !== 'Refused'
}

const MANUAL = { _tag: 'Manual', inputs: [], ref: null, sha: SHA }

describe('who may have a repository built, triggered, cancelled and retried', () => {
  test.each<[who: string, did: string, may: boolean]>([
    ['its owner', OWNER, true],
    ['a collaborator by a record', BOB, true],
    ['a member, whose record as a collaborator was withdrawn', CAROL, false],
    ['the owner of another repository', ALICE, false],
    ['a stranger', DAVE, false]
  ])('%s', (_, did, may) => {
    const done = {
      build: begins(did),
      cancel: call(did, { _tag: 'CancelPipeline', pipeline: tidOf(clampTimeUs(at(21) - 1)), repo: REPO_DID, workflows: null }),
      retry: call(did, { _tag: 'TriggerPipeline', cause: MANUAL, repo: REPO_DID, workflows: ['ci.yml'] }),
      trigger: call(did, { _tag: 'TriggerPipeline', cause: MANUAL, repo: REPO_DID, workflows: null })
    }
    expect(done).toEqual({ build: may, cancel: may, retry: may, trigger: may })
  })

  test('an order of the operator asks for no right but that of the run', () => {
    const cancel = must(Event.decode({ _tag: 'CancelRequested', at: at(30), knot: K1, rkey: KEY, workflow: null }))
    expect(cancel._tag === 'CancelRequested' && orderRefusal(cancel)(state())).toBe(null)
  })
})
