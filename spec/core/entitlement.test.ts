/** Who may have what built (T2), asked of the rows directly: the index by which repositories are found, and both gates. */
import { describe, expect, test } from 'vitest'
import { COLLABORATOR, Commits, Did, Event, HostName, OrderedMap as M, REPO, RepoClaim, State } from '../../core/index.js'
import { account, ALICE, at, BOB, collaborator, CONFIG, del, foldOf, type Happening, initialOf, K1, K2, member, must, OWNER, put, repo, started } from '../suite/examples/support.js'

const THE_DID = 'did:plc:repository'
const ANOTHER_DID = 'did:plc:another'
const CAROL = 'did:plc:carol'

const after = (rows: ReadonlyArray<Happening>, admission: 'open' | 'members' = 'open'): State => foldOf(initialOf({ ...CONFIG, admission }), rows)[0]

const knot = must(HostName.decode(K1))

const claim = (parts: Partial<{ readonly [K in keyof RepoClaim]: string | null }>): RepoClaim =>
  must(RepoClaim.decode({ did: null, knot: null, name: null, owner: null, ...parts }))

const repository = (owner: string, rkey: string, name = 'app', did = THE_DID) => ({ did, name, owner, rkey })
const entitled = (...of: Parameters<typeof repository>) => ({ _tag: 'Entitled', repository: repository(...of) })
const notEntitled = (...of: Parameters<typeof repository>) => ({ _tag: 'NotEntitled', repository: repository(...of) })
const UNKNOWN = { _tag: 'Unknown' }

const APP = put(OWNER, 'app', repo({ repoDid: THE_DID }), at(1))
const NAMED = put(OWNER, 'k', repo({ name: 'lib' }), at(1))

describe('a claim and its author', () => {
  type Case = readonly [name: string, rows: ReadonlyArray<Happening>, of: Parameters<typeof claim>[0], actor: string | null, answer: object]
  const rows: ReadonlyArray<Case> = [
    ['its own DID', [APP], { did: THE_DID }, OWNER, entitled(OWNER, 'app')],
    ['with its owner', [APP], { did: THE_DID, owner: OWNER }, OWNER, entitled(OWNER, 'app')],
    ['with another owner', [APP], { did: THE_DID, owner: ALICE }, OWNER, UNKNOWN],
    ['another DID', [APP], { did: ANOTHER_DID }, OWNER, UNKNOWN],
    ['nothing', [APP], {}, OWNER, UNKNOWN],
    ['a name alone', [APP], { name: 'app' }, OWNER, UNKNOWN],
    ['an owner alone', [APP], { owner: OWNER }, OWNER, UNKNOWN],
    ['an owner of whom nothing is known', [APP], { name: 'app', owner: ALICE }, null, UNKNOWN],
    ['owner and name', [NAMED], { name: 'lib', owner: OWNER }, OWNER, entitled(OWNER, 'k', 'lib', '')],
    ['owner and key', [NAMED], { name: 'k', owner: OWNER }, OWNER, entitled(OWNER, 'k', 'lib', '')],
    ['owner and neither', [NAMED], { name: 'app', owner: OWNER }, OWNER, UNKNOWN],
    ['beside what was deleted', [del(OWNER, REPO, 'a', at(1)), NAMED], { name: 'lib', owner: OWNER }, OWNER, entitled(OWNER, 'k', 'lib', '')],
    ['what was deleted', [APP, del(OWNER, REPO, 'app', at(2))], { did: THE_DID, name: 'app', owner: OWNER }, OWNER, UNKNOWN],
    ['a DID that is found goes before a name', [APP, NAMED], { did: THE_DID, name: 'lib', owner: OWNER }, OWNER, entitled(OWNER, 'app')],
    ['a DID that is not found gives way to a name', [APP, NAMED], { did: ANOTHER_DID, name: 'lib', owner: OWNER }, OWNER, entitled(OWNER, 'k', 'lib', '')],
    ['a DID alone that is not found, with a name', [APP], { did: ANOTHER_DID, name: 'app' }, OWNER, UNKNOWN],
    ['another knot', [put(OWNER, 'app', repo({ knot: K2, repoDid: THE_DID }), at(1))], { did: THE_DID }, OWNER, UNKNOWN],
    ['another spindle', [put(OWNER, 'app', repo({ repoDid: THE_DID, spindle: 'x' }), at(1))], { did: THE_DID }, OWNER, UNKNOWN],
    ['an account that is set aside', [APP, account(OWNER, 'suspended', at(2))], { did: THE_DID }, OWNER, UNKNOWN],
    ['an account that is back', [APP, account(OWNER, 'suspended', at(2)), account(OWNER, 'active', at(3))], { did: THE_DID }, OWNER, entitled(OWNER, 'app')],
    ['a record that is written over', [APP, put(OWNER, 'app', repo({ repoDid: ANOTHER_DID }), at(2))], { did: THE_DID }, OWNER, UNKNOWN],
    ['a record found by what it gives now', [APP, put(OWNER, 'app', repo({ repoDid: ANOTHER_DID }), at(2))], { did: ANOTHER_DID }, OWNER, entitled(OWNER, 'app', 'app', ANOTHER_DID)],
    ['nobody', [APP], { did: THE_DID }, null, entitled(OWNER, 'app')],
    ['a stranger', [APP], { did: THE_DID }, ALICE, notEntitled(OWNER, 'app')],
    ['a collaborator', [APP, put(OWNER, 'c', collaborator({ repoDid: THE_DID }), at(2))], { did: THE_DID }, BOB, entitled(OWNER, 'app')],
    ['somebody beside a collaborator', [APP, put(OWNER, 'c', collaborator({ repoDid: THE_DID }), at(2))], { did: THE_DID }, ALICE, notEntitled(OWNER, 'app')],
    ['one of two collaborators', [APP, put(OWNER, 'a', collaborator({ repoDid: THE_DID, subject: CAROL }), at(2)), put(OWNER, 'c', collaborator({ repoDid: THE_DID }), at(2))], { did: THE_DID }, BOB, entitled(OWNER, 'app')],
    ['a collaborator by the record', [NAMED, put(OWNER, 'c', collaborator({ repo: `at://${OWNER}/sh.tangled.repo/k` }), at(2))], { name: 'k', owner: OWNER }, BOB, entitled(OWNER, 'k', 'lib', '')],
    ['a collaborator by another record', [NAMED, put(OWNER, 'c', collaborator({ repo: `at://${OWNER}/sh.tangled.repo/app` }), at(2))], { name: 'k', owner: OWNER }, BOB, notEntitled(OWNER, 'k', 'lib', '')],
    ['a collaborator on nothing, and a repository without a DID', [NAMED, put(OWNER, 'c', collaborator(), at(2))], { name: 'k', owner: OWNER }, BOB, notEntitled(OWNER, 'k', 'lib', '')],
    ['a former collaborator', [APP, put(OWNER, 'c', collaborator({ repoDid: THE_DID }), at(2)), del(OWNER, COLLABORATOR, 'c', at(3))], { did: THE_DID }, BOB, notEntitled(OWNER, 'app')],
    ['a collaborator whom somebody else names', [APP, put(ALICE, 'c', collaborator({ repoDid: THE_DID }), at(2))], { did: THE_DID }, BOB, notEntitled(OWNER, 'app')],
    ['one’s own record of two', [put(ALICE, 'fake', repo({ repoDid: THE_DID }), at(1)), APP], { did: THE_DID }, OWNER, entitled(OWNER, 'app')],
    ['two records of two owners', [put(ALICE, 'fake', repo({ repoDid: THE_DID }), at(1)), APP], { did: THE_DID }, null, notEntitled(ALICE, 'fake')],
    ['two records of one owner', [APP, put(OWNER, 'b', repo({ name: 'b', repoDid: THE_DID }), at(2)), put(OWNER, 'c', collaborator({ repo: `at://${OWNER}/sh.tangled.repo/b` }), at(3))], { did: THE_DID }, BOB, entitled(OWNER, 'b', 'b')]
  ]
  test.each(rows)('%s', (_, given, of, actor, answer) => {
    expect(Commits.entitlement(after(given), knot, claim(of), actor === null ? null : must(Did.decode(actor)))).toEqual(answer)
  })

  test('outsiders have nothing built under members’ admission', () => {
    const hers = put(ALICE, 'app', repo({ repoDid: THE_DID }), at(1))
    const ask = (rows: ReadonlyArray<Happening>) => Commits.entitlement(after(rows, 'members'), knot, claim({ did: THE_DID }), must(Did.decode(ALICE)))
    expect(ask([hers])).toEqual(UNKNOWN)
    expect(ask([hers, put(OWNER, 'm', member(), at(2))])).toEqual(entitled(ALICE, 'app'))
  })
})

describe('repositories by their DIDs', () => {
  const indexOf = ({ commits }: State) => M.toEntries(commits.repoDids).map(([did, holders]) => [did, M.keys(holders)])

  type Case = readonly [name: string, rows: ReadonlyArray<Happening>, index: ReadonlyArray<unknown>]
  const rows: ReadonlyArray<Case> = [
    ['nothing', [], []],
    ['a record without', [NAMED], []],
    ['one with', [APP], [[THE_DID, [`${OWNER}/app`]]]],
    ['one that names another spindle', [put(OWNER, 'app', repo({ repoDid: THE_DID, spindle: 'x' }), at(1))], []],
    ['one that names another spindle now', [APP, put(OWNER, 'app', repo({ repoDid: THE_DID, spindle: 'x' }), at(2))], []],
    ['one that does not count', [put(OWNER, 'app', repo({ knot: '', repoDid: THE_DID }), at(1)), account(OWNER, 'suspended', at(2))], [[THE_DID, [`${OWNER}/app`]]]],
    ['two', [APP, put(ALICE, 'x', repo({ repoDid: THE_DID }), at(1))], [[THE_DID, [`${ALICE}/x`, `${OWNER}/app`]]]],
    ['one of two', [APP, put(ALICE, 'x', repo({ repoDid: THE_DID }), at(1)), del(OWNER, REPO, 'app', at(2))], [[THE_DID, [`${ALICE}/x`]]]],
    ['none of one', [APP, del(OWNER, REPO, 'app', at(2))], []],
    ['another now', [APP, put(OWNER, 'app', repo({ repoDid: ANOTHER_DID }), at(2))], [[ANOTHER_DID, [`${OWNER}/app`]]]],
    ['none now', [APP, put(OWNER, 'app', repo(), at(2))], []],
    ['one now', [put(OWNER, 'app', repo(), at(1)), put(OWNER, 'app', repo({ repoDid: THE_DID }), at(2))], [[THE_DID, [`${OWNER}/app`]]]],
    ['an account that is deleted', [APP, NAMED, put(ALICE, 'x', repo({ repoDid: THE_DID }), at(1)), account(OWNER, 'deleted', at(2))], [[THE_DID, [`${ALICE}/x`]]]],
    ['another hostname', [APP, put(ALICE, 'x', repo({ repoDid: ANOTHER_DID, spindle: 'new.example' }), at(1)), started(at(2), { hostname: 'new.example' })], [[ANOTHER_DID, [`${ALICE}/x`]]]]
  ]
  test.each(rows)('%s', (_, given, index) => {
    const state = after(given)
    expect(indexOf(state)).toEqual(index)
    // It is not written down, and is the same when it is made of the rows.
    expect(indexOf(must(State.decode(State.encode(state))))).toEqual(index)
  })

  test('an account’s own server decides what it lists', () => {
    const listed = { ...repo({ repoDid: THE_DID }), rkey: 'x' }
    const read = must(Event.decode({ _tag: 'RecordsRead', at: at(9), collection: REPO, did: ALICE, next: null, number: 1, records: [listed] }))
    const state = after([APP])
    const answer = Commits.reduce(state.commits, read, { config: state.config, cursor: null })
    if (answer._tag === 'None') expect.fail('nothing was read')
    expect(indexOf({ ...state, commits: answer.value[0] })).toEqual([[THE_DID, [`${ALICE}/x`, `${OWNER}/app`]]])
  })
})
