/** T2: who may push, as knots say that keep lists of their own. */
import { REPO } from '../../../core/index.js'
import { bare, begins, building, comes, filesRead, HOUR_MS, ignored, KEY, type Of, OTHER, publish, read, refused, REPO_DID, retry, running, STARTING, trigger, workflow } from './build-world.js'
import { ALICE, at, BOB, collaborator, del, example, type Example, type Happening, K1, K2, member, open, OWNER, put, repo, started, stop, subscribe, type WrittenEffect, type WrittenEvent, type WrittenReport } from './support.js'

// ---------------------------------------------------------------------------------------- the world

export type Access = Of<WrittenEvent, 'AccessRead'>['access']

const EVE = 'did:plc:eve222222222222222222222'
const MALLORY = 'did:plc:mallory22222222222222222'
const DAY = 86_400

const byKnot = (collaborators: ReadonlyArray<string> = [BOB], owner = OWNER): Access => ({ _tag: 'ByKnot', collaborators, owner })
const BY_RECORDS: Access = { _tag: 'ByRecords' }
const DENIED: Of<Access, 'Denied'> = { _tag: 'Denied', detail: 'its document names another knot', keepsLists: false }

const answered = (access: Access, number: number, when: number, repo = REPO_DID): WrittenEvent => ({ _tag: 'AccessRead', access, at: when, knot: K1, number, repo })
const unread = (number: number, when: number, waitMs = 0): WrittenEvent => ({
  _tag: 'RequestFailed',
  at: when,
  error: 'HTTP 500',
  isFinal: false,
  number,
  requested: { _tag: 'Access', knot: K1, repo: REPO_DID },
  waitMs
})
const told = (op: 'add' | 'remove', subject: string, when: number, host = K1, connection = 2): WrittenEvent => ({
  _tag: 'CollaboratorUpdated',
  at: when,
  connection,
  created: `${String(when)}000`,
  host,
  rkey: 'told',
  update: { op, repo: REPO_DID, subject }
})
const again = (number: number, when: number, repo = REPO_DID): WrittenEvent => ({ _tag: 'TimerFired', at: when, timer: { _tag: 'RequestTimer', number, requested: { _tag: 'Access', knot: K1, repo } } })

const asks = (number: number, repo = REPO_DID, account = OWNER): WrittenEffect => ({ _tag: 'ReadAccess', account, knot: K1, number, repo })
const wakes = (number: number, lowMs: number, highMs: number, repo = REPO_DID): WrittenEffect => ({ _tag: 'WakeAfter', highMs, lowMs, timer: { _tag: 'RequestTimer', number, requested: { _tag: 'Access', knot: K1, repo } } })
const later = (number: number, repo = REPO_DID): WrittenEffect => wakes(number, 3 * HOUR_MS, 6 * HOUR_MS, repo)
const unreadReport = (when: number, repo = REPO_DID): WrittenReport => ({ _tag: 'AccessReadFailed', at: when, knot: K1, repo })

/** The bridge runs, and has asked the knot of the owner's repository, under number 2. */
const ASKED: ReadonlyArray<Happening> = running({}, { collaborators: 'knots' })
/** And knows that. */
const knowing = (access: Access): ReadonlyArray<Happening> => [...ASKED, answered(access, 2, at(12))]

const BY_RECORD = put(OWNER, 'c', collaborator({ repo: REPO_DID, subject: ALICE }), at(12), { connection: 1 })

// ---------------------------------------------------------------------------------------- who has a say

interface Cell {
  readonly actor: string
  readonly given: ReadonlyArray<Happening>
  readonly isBuilt: boolean
  readonly name: string
}

const LISTED = [...knowing(byKnot()), BY_RECORD]
const UNLISTED = [...knowing(BY_RECORDS), BY_RECORD]
const MEMBER = put(MALLORY, 'x', repo({ name: 'x' }), at(13), { connection: 1 })

/** Who pushes, on a knot that keeps lists, and on one that does not; a collaborator by record is Alice, one by the knot Bob. */
const CELLS: ReadonlyArray<Cell> = [
  { actor: OWNER, given: UNLISTED, isBuilt: true, name: 'of the owner, on a knot without lists' },
  { actor: ALICE, given: UNLISTED, isBuilt: true, name: 'of a collaborator by record, on a knot without lists' },
  { actor: BOB, given: UNLISTED, isBuilt: false, name: 'of nobody by any record, on a knot without lists' },
  { actor: EVE, given: UNLISTED, isBuilt: false, name: 'of a stranger, on a knot without lists' },
  { actor: MALLORY, given: [...UNLISTED, MEMBER], isBuilt: false, name: 'of the owner of another repository, on a knot without lists' },
  { actor: OWNER, given: LISTED, isBuilt: true, name: 'of the owner, on a knot with lists' },
  { actor: ALICE, given: LISTED, isBuilt: false, name: 'of a collaborator by record alone, on a knot with lists' },
  { actor: BOB, given: LISTED, isBuilt: true, name: 'of a collaborator on the list of the knot' },
  { actor: BOB, given: [...LISTED, told('remove', BOB, at(13))], isBuilt: false, name: 'of a collaborator whom the knot has removed' },
  { actor: EVE, given: [...LISTED, told('add', EVE, at(13))], isBuilt: false, name: 'of somebody whom the knot has added, before the list says so' },
  {
    actor: EVE,
    given: [...LISTED, told('add', EVE, at(13)), answered(byKnot([BOB, EVE]), 4, at(14))],
    isBuilt: true,
    name: 'of somebody whom the knot has added, once the list says so'
  },
  { actor: EVE, given: LISTED, isBuilt: false, name: 'of a stranger, on a knot with lists' },
  { actor: MALLORY, given: [...LISTED, MEMBER], isBuilt: false, name: 'of the owner of another repository, on a knot with lists' }
]

const MATRIX = CELLS.map(({ actor, given, isBuilt, name }, i) =>
  example(`T2.${String(24 + i)} a push ${name}, is ${isBuilt ? 'built' : 'refused'}`, {
    given,
    when: [comes(trigger({ actor }), at(20))],
    then: isBuilt ? { effects: [read(1)] } : { reports: [refused('actor', at(20))] }
  })
)

// ---------------------------------------------------------------------------------------- the others

const CLAIMS: ReadonlyArray<Example> = [
  example('T2.37 a record whose repository the knot calls somebody else’s grants nothing', {
    given: knowing(byKnot([BOB], EVE)),
    when: [comes(trigger(), at(20))],
    then: { reports: [ignored('repo', at(20))] }
  }),
  example('T2.38 a record whose repository is on another knot by its document grants nothing', {
    given: knowing(DENIED),
    when: [comes(trigger({ actor: null }), at(20))],
    then: { reports: [ignored('repo', at(20))] }
  }),
  example('T2.39 a false claim does not take the repository from its owner', {
    given: [...knowing(byKnot()), put(MALLORY, 'false', repo({ repoDid: REPO_DID }), at(13), { connection: 1 })],
    when: [comes(trigger({ actor: BOB }), at(20))],
    then: { effects: [read(1)] }
  }),
  example('T2.40 what is owed ends when the knot calls the repository somebody else’s', {
    given: [
      ...ASKED,
      answered(BY_RECORDS, 2, at(12)),
      comes(trigger(), at(20)),
      again(3, at(21))
    ],
    when: [answered(byKnot([], EVE), 4, at(22)), filesRead([workflow()], at(23))],
    then: { effects: [later(5)] }
  }),
  example('T2.41 a repository without a DID is its record’s on a knot without lists', {
    given: [put(OWNER, 'app', repo(), at(1)), started(at(10), { collaborators: 'knots' }), { _tag: 'KnotOpened', at: at(11), connection: 2, host: K1 }, answered(BY_RECORDS, 2, at(12), '')],
    when: [comes(bare({ kind: 'pipeline', repo: { did: null, knot: null, name: 'app', owner: OWNER }, shape: null, workflows: [] }), at(20))],
    then: { effects: [read(1, { repository: { did: '', name: 'app', owner: OWNER, rkey: 'app' }, workflows: [] })] }
  })
]

const READING: ReadonlyArray<Example> = [
  example('T2.42 a claim is asked about, once for all records that make it', {
    given: [started(at(10), { collaborators: 'knots' })],
    when: [
      put(OWNER, 'app', repo({ repoDid: REPO_DID }), at(11), { connection: 1 }),
      put(ALICE, 'app', repo({ repoDid: REPO_DID }), at(12), { connection: 1 })
    ],
    then: { effects: [{ _tag: 'SubscribeKnot', connection: 1, cursor: null, host: K1 }, asks(1)] }
  }),
  example('T2.43 a record that names another repository has that one asked about', {
    given: knowing(byKnot()),
    when: [put(OWNER, 'app', repo({ repoDid: MALLORY }), at(13), { connection: 1 }), again(3, at(14))],
    then: { effects: [asks(4, MALLORY)] }
  }),
  example('T2.44 a trigger begins a run before its right is known, which waits until it is', {
    given: ASKED,
    when: [comes(trigger({ actor: BOB }), at(20)), filesRead([workflow()], at(21))],
    then: {
      effects: [read(1), { _tag: 'WakeAfter', highMs: 2_000, lowMs: 1_000, timer: { _tag: 'RequestTimer', number: 2, requested: { _tag: 'Workflows', knot: K1, rkey: KEY } } }]
    }
  }),
  example('T2.45 a run whose right turns out to be none comes to nothing', {
    given: [...ASKED, comes(trigger({ actor: EVE }), at(20)), answered(byKnot(), 2, at(21))],
    when: [filesRead([workflow()], at(22))],
    then: { reports: [refused('actor', at(22))] }
  }),
  example('T2.46 a run whose right turns out to be one is built', {
    given: [...ASKED, comes(trigger({ actor: BOB }), at(20)), answered(byKnot(), 2, at(21))],
    when: [filesRead([workflow()], at(22))],
    then: { effects: begins(at(22), 2, 3) }
  }),
  example('T2.47 an answer comes again after some hours', {
    given: ASKED,
    when: [answered(byKnot(), 2, at(12)), again(3, at(12) + 4 * 3_600_000_000)],
    then: { effects: [later(3), asks(4)] }
  }),
  example('T2.48 an answer that knot and time have overtaken is asked for again', {
    given: ASKED,
    when: [told('remove', BOB, at(12)), answered(byKnot(), 2, at(13)), answered(byKnot([]), 3, at(14))],
    then: { effects: [asks(3), later(4)] }
  }),
  example('T2.49 a list that cannot be read counts on', {
    given: [...knowing(byKnot()), again(3, at(13)), unread(4, at(14))],
    when: [comes(trigger({ actor: BOB }), at(20))],
    then: { effects: [read(1)] }
  }),
  example('T2.50 a list that could not be read for a day is not known any more', {
    given: [...knowing(byKnot()), again(3, at(13)), unread(4, at(14))],
    when: [again(5, at(12 + DAY)), unread(6, at(13 + DAY)), retry(at(14 + DAY))],
    then: {
      effects: [asks(6), wakes(7, 2_000, 4_000)],
      reports: [unreadReport(at(13 + DAY))]
    }
  }),
  example('T2.51 a failure is followed by a pause, as long as the knot asks for', {
    given: ASKED,
    when: [unread(2, at(12), 60_000), again(3, at(80)), answered(byKnot(), 4, at(81))],
    then: { effects: [wakes(3, 60_000, 60_000), asks(4), later(5)], reports: [unreadReport(at(12))] }
  }),
  example('T2.52 a start asks for what is not known, and within hours for the rest', {
    given: [...ASKED, put(ALICE, 'b', repo({ repoDid: MALLORY }), at(12), { connection: 1 }), answered(byKnot(), 2, at(13))],
    when: [started(at(30), { collaborators: 'knots' })],
    then: {
      effects: [
        { _tag: 'OpenJetstream', connection: 2, cursor: at(7), ordinal: null },
        { _tag: 'SubscribeKnot', connection: 3, cursor: null, host: K1 },
        wakes(5, 0, 6 * HOUR_MS),
        asks(6, MALLORY, ALICE)
      ]
    }
  }),
  example('T2.53 a start that leaves all to the records forgets what knots said', {
    given: knowing(byKnot()),
    when: [started(at(30), { collaborators: 'records' }), started(at(31), { collaborators: 'knots' })],
    then: {
      effects: [
        { _tag: 'OpenJetstream', connection: 2, cursor: at(-4), ordinal: null },
        { _tag: 'SubscribeKnot', connection: 3, cursor: null, host: K1 },
        { _tag: 'OpenJetstream', connection: 3, cursor: at(-4), ordinal: null },
        { _tag: 'SubscribeKnot', connection: 4, cursor: null, host: K1 },
        asks(5)
      ]
    }
  }),
  example('T2.54 nothing is asked while the bridge is stopped', {
    given: [...knowing(byKnot()), stop(at(13))],
    when: [again(3, at(14))],
    then: { changes: ['access'] }
  }),
  example('T2.55 a knot tells nothing of what is held on another', {
    given: [...knowing(byKnot()), put(ALICE, 'b', repo({ knot: K2, repoDid: MALLORY }), at(13), { connection: 1 })],
    when: [told('remove', BOB, at(14), K2, 3), comes(trigger({ actor: BOB }), at(20))],
    then: { effects: [read(1)] }
  }),
  example('T2.56 whom a knot removes goes at once, whatever the clock of the knot says', {
    given: knowing(byKnot()),
    when: [{ ...told('remove', BOB, at(13)), created: `${String(at(-600))}000` } as WrittenEvent, comes(trigger({ actor: BOB }), at(20))],
    then: { reports: [refused('actor', at(20))] }
  }),
  example('T2.57 nothing is asked where the records decide everywhere', {
    given: running(),
    when: [put(ALICE, 'b', repo({ repoDid: MALLORY }), at(13), { connection: 1 }), told('add', EVE, at(14)), again(3, at(15))],
    then: {}
  }),
  example('T2.59 what is built of a repository ends when its knot calls it another’s', {
    given: [...knowing(byKnot()), comes(trigger(), at(20)), filesRead([workflow()], at(21)), again(3, at(22))],
    when: [answered(DENIED, 4, at(23))],
    then: { effects: [later(5), publish('cancelled', at(23), { error: 'The knot does not say that the repository is its owner’s.' })] }
  }),
  example('T2.60 a knot that keeps lists, and says for a moment that it keeps none, is asked again, and its list counts on', {
    given: [...LISTED, again(3, at(13))],
    when: [answered(BY_RECORDS, 4, at(14)), comes(trigger({ actor: ALICE }), at(20)), comes(trigger({ actor: BOB }), at(21), { rkey: OTHER })],
    then: { effects: [wakes(5, 1_000, 2_000), read(1, { rkey: OTHER })], reports: [unreadReport(at(14)), refused('actor', at(20))] }
  }),
  example('T2.61 a knot that keeps lists of one repository keeps them of all', {
    given: [...knowing(byKnot()), put(ALICE, 'b', repo({ repoDid: MALLORY }), at(13), { connection: 1 })],
    when: [answered(BY_RECORDS, 4, at(14), MALLORY), again(5, at(16), MALLORY), answered(byKnot([], ALICE), 6, at(17), MALLORY)],
    then: { effects: [wakes(5, 1_000, 2_000, MALLORY), asks(6, MALLORY, ALICE), later(7, MALLORY)], reports: [unreadReport(at(14), MALLORY)] }
  }),
  example('T2.62 a knot that has kept no list for a day leaves its repositories to the records', {
    given: [...LISTED, again(3, at(13)), answered(BY_RECORDS, 4, at(14))],
    when: [again(5, at(12 + DAY)), answered(BY_RECORDS, 6, at(13 + DAY)), again(7, at(15 + DAY)), answered(BY_RECORDS, 8, at(16 + DAY)), comes(trigger({ actor: ALICE }), at(20 + DAY))],
    then: { effects: [asks(6), wakes(7, 2_000, 4_000), asks(8), later(9), read(1)], reports: [unreadReport(at(13 + DAY))] }
  }),
  example('T2.63 a repository that a knot with lists does not know is not left to the records either', {
    given: [...knowing({ ...DENIED, keepsLists: true }), again(3, at(13))],
    when: [answered(BY_RECORDS, 4, at(14)), comes(trigger(), at(20))],
    then: { effects: [wakes(5, 1_000, 2_000)], reports: [unreadReport(at(14)), ignored('repo', at(20))] }
  }),
  example('T2.64 a repository that has come from another knot is left to the records at once, where there are no lists', {
    given: [...knowing(DENIED), again(3, at(13))],
    when: [answered(BY_RECORDS, 4, at(14)), comes(trigger(), at(20))],
    then: { effects: [later(5), read(1)] }
  }),
  example('T2.58 a retry is refused while it is not known who may push', {
    given: [...STARTING, started(at(30), { collaborators: 'knots' })],
    when: [retry(at(31)), comes(trigger({ actor: BOB }), at(32), { connection: 3, rkey: OTHER })],
    then: { effects: [read(4, { rkey: OTHER })] }
  })
]

/** The repository is also claimed by whom the knot calls its owner: from another record, of the same name. */
const CLAIMED = put(EVE, 'app', repo({ repoDid: REPO_DID }), at(13), { connection: 1 })
const OF_EVE = { repository: { did: REPO_DID, name: 'app', owner: EVE, rkey: 'app' } }

const claimsOf = (did: string, from: number, to: number): ReadonlyArray<Happening> =>
  Array.from({ length: to - from }, (_, i) => put(did, `r${String(from + i)}`, repo({ repoDid: `did:plc:r${String(from + i)}` }), at(13 + (from + i) / 1_000), { connection: 1 }))

/** The name that the bridge is to have after its next start. */
const RENAMED = 'new.example'
/** A record of the owner names Mallory. */
const NAMED = put(OWNER, 'm', member({ subject: MALLORY }), at(12), { connection: 1 })

const ROOM: ReadonlyArray<Example> = [
  example('T2.70 a list is kept for whom the knot calls the owner, and is asked for when they claim the repository', {
    given: knowing(byKnot([BOB], EVE)),
    when: [CLAIMED, comes(trigger({ actor: BOB }), at(20)), answered(byKnot([BOB], EVE), 4, at(21)), comes(trigger({ actor: BOB }), at(22), { rkey: OTHER })],
    then: { effects: [asks(4, REPO_DID, EVE), later(5), read(1, { ...OF_EVE, rkey: OTHER })], reports: [refused('actor', at(20))] }
  }),
  example('T2.71 nothing is left of a list when its owner does not claim the repository any more, and another does', {
    given: [...knowing(byKnot([BOB], EVE)), CLAIMED, answered(byKnot([BOB], EVE), 4, at(14))],
    when: [del(EVE, REPO, 'app', at(15), { connection: 1 }), put(EVE, 'app', repo({ repoDid: REPO_DID }), at(16), { connection: 1 }), comes(trigger({ actor: BOB }), at(20))],
    then: { effects: [asks(6, REPO_DID, EVE)], reports: [refused('actor', at(20))] }
  }),
  example('T2.72 another record of whom the knot calls the owner asks for nothing', {
    given: knowing(byKnot()),
    when: [put(OWNER, 'second', repo({ repoDid: REPO_DID }), at(13), { connection: 1 }), comes(trigger({ actor: BOB }), at(20))],
    then: { effects: [read(1)] }
  }),
  example('T2.73 a stranger who claims more than 500 repositories of a knot takes the room of nobody else', {
    given: [...ASKED, ...claimsOf(MALLORY, 0, 500)],
    when: [...claimsOf(MALLORY, 500, 501), put(ALICE, 'b', repo({ repoDid: ALICE }), at(14), { connection: 1 }), put(ALICE, 'c', repo({ repoDid: 'did:plc:r500' }), at(15), { connection: 1 })],
    then: { effects: [asks(503, ALICE, ALICE), asks(504, 'did:plc:r500', ALICE)], reports: [unreadReport(at(14.5), 'did:plc:r500')] }
  }),
  example('T2.74 a list is not taken for which its owner has no room, and nobody else’s is kept waiting by it', {
    given: [
      ...ASKED,
      ...claimsOf(MALLORY, 0, 11),
      ...Array.from({ length: 10 }, (_, i) => answered(byKnot(Array.from({ length: 500 }, (__, j) => `did:plc:p${String(j).padStart(3, '0')}`), MALLORY), 3 + i, at(14), `did:plc:r${String(i)}`))
    ],
    when: [answered(byKnot([BOB], MALLORY), 13, at(15), 'did:plc:r10'), answered(byKnot([BOB]), 2, at(16))],
    then: { effects: [wakes(24, 1_000, 2_000, 'did:plc:r10'), later(25)], reports: [unreadReport(at(15), 'did:plc:r10')] }
  }),
  example('T2.75 what several claim is asked about in the turns of whom the knot calls the owner, and till then of who claims the fewest', {
    given: [...ASKED, ...claimsOf(OWNER, 0, 2), CLAIMED],
    when: [unread(2, at(14)), again(5, at(15)), answered(byKnot([BOB]), 6, at(16)), again(7, at(17))],
    then: { effects: [wakes(5, 1_000, 2_000), asks(6, REPO_DID, EVE), later(7), asks(8)], reports: [unreadReport(at(14))] }
  }),
  example('T2.76 where whom the knot calls the owner begins to claim the repository with a start, the question takes a number and is left out', {
    given: [
      ...ASKED,
      put(EVE, 'app', repo({ repoDid: REPO_DID, spindle: RENAMED }), at(12), { connection: 1 }),
      put(OWNER, 'b', repo({ repoDid: REPO_DID, spindle: RENAMED }), at(12), { connection: 1 }),
      answered(byKnot([BOB], EVE), 2, at(13))
    ],
    when: [
      started(at(30), { ...building(), collaborators: 'knots', hostname: RENAMED }),
      comes(trigger({ actor: BOB }), at(31), { connection: 3 }),
      again(5, at(32)),
      answered(byKnot([BOB], EVE), 6, at(33)),
      comes(trigger({ actor: BOB }), at(34), { connection: 3, rkey: OTHER })
    ],
    then: {
      effects: [open(2, at(7)), subscribe(K1, 3), wakes(5, 0, 6 * HOUR_MS), asks(6, REPO_DID, EVE), later(7), read(1, { ...OF_EVE, rkey: OTHER })],
      reports: [refused('actor', at(31))]
    }
  }),
  example('T2.77 an empty list is not taken either while the other lists of its owner have more than there is room for', {
    given: [
      ...ASKED,
      NAMED,
      ...claimsOf(MALLORY, 0, 12),
      ...Array.from({ length: 11 }, (_, i) => answered(byKnot(Array.from({ length: 500 }, (__, j) => `did:a:${String(j)}`), MALLORY), 3 + i, at(14), `did:plc:r${String(i)}`)),
      put(OWNER, 'm', member(), at(15), { connection: 1 })
    ],
    when: [answered(byKnot([], MALLORY), 14, at(16), 'did:plc:r11'), again(15, at(17), 'did:plc:r0'), answered(byKnot([], MALLORY), 27, at(18), 'did:plc:r0')],
    then: { effects: [wakes(26, 1_000, 2_000, 'did:plc:r11'), asks(27, 'did:plc:r0', MALLORY), later(28, 'did:plc:r0')], reports: [unreadReport(at(16), 'did:plc:r11')] }
  })
]

export const ACCESS: ReadonlyArray<Example> = [...MATRIX, ...CLAIMS, ...READING, ...ROOM]
