/** Who may have what done (T2): the matrix of rights, asked of the machine itself. */
import { describe, expect, test } from 'vitest'
import { callAnswer, clampTimeUs, COLLABORATOR, Did, Event, orderRefusal, type State, tidOf } from '../../core/index.js'
import { comes, filesRead, KEY, REPO_DID, running, SHA, trigger, workflow } from '../suite/examples/build-world.js'
import { ALICE, at, BOB, collaborator, CONFIG, del, foldOf, type Happening, initialOf, K1, member, must, OWNER, put, repo } from '../suite/examples/support.js'
import { RIGHTS } from './rights.js'

const CAROL = 'did:plc:carol'
const DAVE = 'did:plc:dave'
const EVE = 'did:plc:eve'
const FRANK = 'did:plc:frank'
const later = { connection: 1 }

/** Who is who in the matrix. */
const PEOPLE: ReadonlyMap<string, string> = new Map([
  ['the owner', OWNER],
  ['a collaborator by a record', BOB],
  ['a collaborator by the knot’s list', EVE],
  ['somebody who was either, and is not any more', CAROL],
  ['the owner of another repository', ALICE],
  ['a member', FRANK],
  ['a stranger', DAVE]
])

/** What the knot says at first, and that it has removed somebody since. */
const WITHOUT_LISTS: ReadonlyArray<Happening> = [{ _tag: 'AccessRead', access: { _tag: 'ByRecords' }, at: at(16), knot: K1, number: 2, repo: REPO_DID }]
const WITH_LISTS: ReadonlyArray<Happening> = [
  { _tag: 'AccessRead', access: { _tag: 'ByKnot', collaborators: [CAROL, EVE], owner: OWNER }, at: at(16), knot: K1, number: 2, repo: REPO_DID },
  { _tag: 'CollaboratorUpdated', at: at(17), connection: 2, created: null, host: K1, rkey: 'told', update: { op: 'remove', repo: REPO_DID, subject: CAROL } }
]

/** The owner's repository, with a build, and what the records say of everybody. */
const world = (said: ReadonlyArray<Happening>, more: ReadonlyArray<Happening> = []): State =>
  foldOf(initialOf(CONFIG), [
    ...running({}, { collaborators: 'knots' }),
    put(OWNER, 'm', member({ subject: FRANK }), at(12), later),
    put(ALICE, 'hers', repo({ name: 'hers', repoDid: 'did:plc:hers' }), at(13), later),
    put(OWNER, 'c', collaborator({ repoDid: REPO_DID, subject: BOB }), at(14), later),
    put(OWNER, 'd', collaborator({ repoDid: REPO_DID, subject: CAROL }), at(14), later),
    del(OWNER, COLLABORATOR, 'd', at(15), later),
    ...said,
    ...more,
    comes(trigger(), at(20)),
    filesRead([workflow()], at(21))
  ])[0]

const begins = (state: State, actor: string): boolean => {
  const [, effects] = foldOf(state, [comes(trigger({ actor }), at(30), { rkey: '3mbd35yo2w222' })])
  return effects.some(({ _tag }) => _tag === 'ReadWorkflows')
}

const call = (state: State, caller: string, what: object): boolean => {
  const event = must(Event.decode({ _tag: 'CallReceived', at: at(30), call: what, caller: must(Did.decode(caller)), token: { id: 'x', untilUs: at(90) } }))
  return event._tag === 'CallReceived' && callAnswer(event)(state)._tag !== 'Refused'
}

const MANUAL = { _tag: 'Manual', inputs: [], ref: null, sha: SHA }

const done = (state: State, did: string) => ({
  build: begins(state, did),
  cancel: call(state, did, { _tag: 'CancelPipeline', pipeline: tidOf(clampTimeUs(at(21) - 1)), repo: REPO_DID, workflows: null }),
  retry: call(state, did, { _tag: 'TriggerPipeline', cause: MANUAL, repo: REPO_DID, workflows: ['ci.yml'] }),
  trigger: call(state, did, { _tag: 'TriggerPipeline', cause: MANUAL, repo: REPO_DID, workflows: null })
})

describe('who may have a repository built, triggered, cancelled and retried', () => {
  test('is written of everybody', () => {
    expect(RIGHTS.map(([who]) => who)).toEqual([...PEOPLE.keys()])
  })

  test.each(RIGHTS)('%s', (who, without, having) => {
    const did = PEOPLE.get(who) ?? ''
    const all = (may: boolean) => ({ build: may, cancel: may, retry: may, trigger: may })
    expect([done(world(WITHOUT_LISTS), did), done(world(WITH_LISTS), did)]).toEqual([all(without), all(having)])
  })

  test('whoever claims it by a record of their own has a say in nothing of another’s', () => {
    const claims = [put(DAVE, 'false', repo({ repoDid: REPO_DID }), at(18), later)]
    expect(done(world(WITHOUT_LISTS, claims), DAVE)).toEqual({ build: true, cancel: false, retry: true, trigger: true })
    expect(done(world(WITH_LISTS, claims), DAVE)).toEqual({ build: false, cancel: false, retry: false, trigger: false })
    expect(done(world(WITH_LISTS, claims), EVE)).toEqual({ build: true, cancel: true, retry: true, trigger: true })
  })

  test('nobody may, while the knot has said nothing', () => {
    const { cancel, retry, trigger: triggered } = done(world([]), OWNER)
    expect({ cancel, retry, triggered }).toEqual({ cancel: false, retry: false, triggered: false })
  })

  test('an order of the operator asks for no right but that of the run', () => {
    const cancel = must(Event.decode({ _tag: 'CancelRequested', at: at(30), knot: K1, rkey: KEY, workflow: null }))
    expect(cancel._tag === 'CancelRequested' && orderRefusal(cancel)(world(WITHOUT_LISTS))).toBe(null)
  })
})
