/**
 * Examples of corners in which two readings of the rules would part: each decides one, and says which.
 *
 * The world is that of the other examples: of the builds (build-world.ts) for T1–T7, of the backfill (backfill.ts) for B1.
 */
import { COLLABORATOR, MEMBER, REPO } from '../../../core/index.js'
import { config, fails, open, page, reads, unread as unreadRecords } from './backfill.js'
import {
  announce,
  askToEnd,
  begins,
  building,
  buildTimer,
  cancel,
  comes,
  deadline,
  filesRead,
  follow,
  FOLLOWING,
  forgets,
  ignored,
  LATER,
  name,
  NAMELESS,
  OLD_SHA,
  ON_MAIN,
  OTHER,
  pause,
  pendingMs,
  pipeline,
  plan,
  publish,
  push,
  pushTimer,
  read,
  refused,
  refuses,
  REPO_DID,
  reports,
  retry,
  RUNNING,
  running,
  says,
  shown,
  start,
  STARTING,
  trigger,
  uncertain,
  unfollow,
  variables,
  waits,
  wavers,
  WITHDRAWN,
  workflow,
  ZERO
} from './build-world.js'
import {
  account,
  ALICE,
  at,
  BOB,
  collaborator,
  del,
  type Example,
  example,
  type Happening,
  K1,
  K2,
  knotClosed,
  knotTimer,
  member,
  opened,
  OWNER,
  put,
  refused as refusedKnot,
  repo,
  started,
  stop,
  subscribe,
  type WrittenEffect,
  type WrittenEvent
} from './support.js'

const CAROL = 'did:plc:carol'
const ZOE = 'did:plc:zoe22222222222222222222'

/** The key of a retry at second 30. */
const AGAIN = '3mbd35yo2w222'

const stream = (connection: number, cursor = at(1) - 5_000_000): WrittenEffect => ({ _tag: 'OpenJetstream', connection, cursor, ordinal: null })

/** The start of the bridge under another name: no record names us any more. */
const renamed = (when: number): WrittenEvent => started(when, { ...building(), hostname: 'new.example' })

/** Bob is a collaborator on the owner's repository, by the DID of the repository, and has pushed to it. */
const PUSHED_BY_BOB: ReadonlyArray<Happening> = [
  ...running(),
  put(OWNER, 'c', collaborator({ repoDid: REPO_DID, subject: BOB }), at(12), { connection: 1 }),
  comes(trigger({ actor: BOB }), at(20)),
  put(OWNER, 'app', repo({ repoDid: 'did:plc:new' }), at(21), { connection: 1 })
]

/** A pipeline has begun a run, whose workflow has failed before it was a build for a provider. */
const FAILED_PIPELINE: ReadonlyArray<Happening> = [
  ...running(),
  comes(pipeline({ workflows: [{ name: 'ci.yml', text: 'engine: x' }] }), at(20)),
  filesRead([workflow({ engine: 'x' })], at(21))
]

const MANUAL = { _tag: 'Manual', inputs: [], ref: 'refs/heads/', sha: null } as const

/** What a job is told where nobody knows of a commit, and the ref is neither branch nor tag. */
const BARE_REF = variables()
  .filter(([of]) => !['TANGLED_COMMIT_SHA', 'TANGLED_REF_NAME', 'TANGLED_REF_TYPE', 'TANGLED_SHA'].includes(of))
  .map(([of, value]): readonly [string, string] => {
    if (of === 'TANGLED_PIPELINE_KIND') return [of, 'manual']
    return of === 'TANGLED_REF' ? [of, MANUAL.ref] : [of, value]
  })

const LONG = `${'k'.repeat(121)}.example/x`

export const CORNERS: ReadonlyArray<Example> = [
  // ---------------------------------------------------------------------------------------- knots
  example('D6.22 a refused knot is reported by its first 120 code units and an ellipsis', {
    when: [put(OWNER, 'a', repo({ knot: LONG }), at(1))],
    then: { reports: [refusedKnot(OWNER, 'a', `${'k'.repeat(120)}…`, at(2))] }
  }),
  example('S15.8 a knot whose cursor is 0 is asked for what comes after 0: one nanosecond less saturates', {
    given: [...running(), comes('not understood', at(20), { created: '0' })],
    when: [knotClosed(K1, 2, at(21)), knotTimer(K1, 3, at(22))],
    then: {
      effects: [{ _tag: 'WakeAfter', highMs: 2_000, lowMs: 0, timer: { _tag: 'KnotTimer', connection: 3, host: K1 } }, subscribe(K1, 3, '0')]
    }
  }),

  // ---------------------------------------------------------------------------------------- T1
  example('T1.44 a push to refs/heads/ or refs/tags/ with nothing after it is ignored: it is neither branch nor tag', {
    given: running(),
    when: [
      comes(trigger({ cause: push({ ref: 'refs/heads/' }) }), at(20)),
      comes(trigger({ cause: push({ ref: 'refs/tags/' }) }), at(21), { rkey: OTHER })
    ],
    then: { effects: [], reports: [ignored('ref', at(20)), ignored('ref', at(21), OTHER)] }
  }),
  example('T1.45 a trigger that is not understood is reported as that, however old it is', {
    given: running(),
    when: [comes('newSha is not the name of an object', at(20), { created: `${String(at(2) - 300_000_001)}000` })],
    then: {
      effects: [],
      reports: [{ _tag: 'KnotFrameRejected', at: at(20), host: K1, reason: 'trigger' }],
      changes: ['counters', 'knots']
    }
  }),
  example('T1.46 of several reasons why a push calls for nothing the first is reported: ref, deleted, unmoved, skipped', {
    given: running(),
    when: [
      comes(trigger({ cause: push({ newSha: ZERO, oldSha: ZERO, ref: 'refs/notes/x', skipsCi: true }) }), at(20)),
      comes(trigger({ cause: push({ newSha: ZERO, oldSha: ZERO, skipsCi: true }) }), at(21)),
      comes(trigger({ cause: push({ newSha: OLD_SHA, skipsCi: true }) }), at(22)),
      comes(trigger({ cause: push({ skipsCi: true }) }), at(23))
    ],
    then: {
      effects: [],
      reports: [ignored('ref', at(20)), ignored('deleted', at(21)), ignored('unmoved', at(22)), ignored('skipped', at(23))]
    }
  }),
  example('T1.47 why a push calls for nothing is said before it is looked up, and before who caused it', {
    given: [...running(), comes(trigger(), at(20))],
    when: [
      comes(trigger({ cause: push({ newSha: ZERO }) }), at(21)),
      comes(trigger({ actor: BOB, cause: push({ newSha: ZERO }) }), at(22), { rkey: OTHER }),
      comes(trigger({ actor: BOB, repo: { ...NAMELESS, did: 'did:plc:nobody' } }), at(23), { rkey: 'x' })
    ],
    then: { effects: [], reports: [ignored('deleted', at(21)), ignored('deleted', at(22), OTHER), ignored('repo', at(23), 'x')] }
  }),
  example('T1.48 a trigger whose key is too long, or that names another knot, shows nothing of what its knot sends', {
    given: running(),
    when: [
      comes(pipeline(), at(20), { rkey: 'k'.repeat(81) }),
      comes(pipeline({ repo: { ...NAMELESS, did: REPO_DID, knot: K2 } }), at(21), { rkey: OTHER }),
      comes(trigger({ shape: 'named' }), at(22)),
      pushTimer(1, at(27))
    ],
    then: { effects: [waits(1), read(2)], reports: [refused('rkey', at(20), 'k'.repeat(81)), refused('knot', at(21), OTHER)] }
  }),

  // ---------------------------------------------------------------------------------------- T2
  example('T2.21 a trigger that names another knot is refused with that name in full, however long it is', {
    given: running(),
    when: [comes(trigger({ repo: { ...NAMELESS, did: REPO_DID, knot: LONG } }), at(20))],
    then: { effects: [], reports: [refused('knot', at(20))] }
  }),
  example('T2.22 the right is asked again for the DID that the run keeps, though the record gives another by now', {
    given: PUSHED_BY_BOB,
    when: [filesRead([workflow()], at(22))],
    then: { effects: begins(at(22), 2, 3) }
  }),
  example('T2.23 a collaborator on the DID that the record gives by now has no right to a run that keeps the one before', {
    given: [
      ...PUSHED_BY_BOB,
      put(OWNER, 'c', collaborator({ repoDid: 'did:plc:new', subject: BOB }), at(22), { connection: 1 })
    ],
    when: [filesRead([workflow()], at(23))],
    then: { effects: [], reports: [refused('actor', at(23))] }
  }),

  // ---------------------------------------------------------------------------------------- T3
  example('T3.42 of a ref that is refs/heads/ alone a job is told TANGLED_REF, and neither a name nor a type', {
    given: [...running(), comes(pipeline({ cause: MANUAL }), at(20))],
    when: [filesRead([workflow()], at(21))],
    then: {
      effects: [
        announce(at(21), [shown()], { cause: MANUAL }),
        publish('pending', at(21)),
        deadline(2, pendingMs),
        start(3, name(), plan({ ref: MANUAL.ref, sha: null, variables: BARE_REF }))
      ]
    }
  }),

  // ---------------------------------------------------------------------------------------- T4
  example('T4.48 a retry of a run that a pipeline began reads its files from the repository, and asks for no paths', {
    given: FAILED_PIPELINE,
    when: [
      retry(at(30)),
      filesRead([workflow({ when: [{ ...ON_MAIN, paths: ['docs/**'] }] })], at(31), { number: 2, rkey: AGAIN })
    ],
    then: {
      effects: [
        read(2, { rkey: AGAIN }),
        announce(at(31), [shown()], { rkey: AGAIN }),
        publish('pending', at(31), { build: name('ci.yml', AGAIN) }),
        deadline(3, pendingMs, name('ci.yml', AGAIN)),
        start(4, name('ci.yml', AGAIN), plan({ variables: variables(AGAIN) }))
      ]
    }
  }),
  example('T4.49 a retry tells of no push: a refUpdate meets the pipeline that began the first run, and the next one meets nothing', {
    given: [...FAILED_PIPELINE, retry(at(30))],
    when: [comes(trigger(), at(40), { rkey: OTHER }), comes(trigger(), at(41), { rkey: 'z' })],
    then: { effects: [waits(3, 'z')], reports: [ignored('kind', at(40), OTHER)] }
  }),
  example('T4.50 a retry by a recipe whose provider is gone fails, without a recipe', {
    given: [...STARTING, wavers(3, at(22)), buildTimer(4, at(24)), refuses(5, at(25)), started(at(28), building({ providers: ['local'] }))],
    when: [retry(at(30))],
    then: {
      effects: [
        announce(at(30), [shown()], { rkey: AGAIN }),
        publish('failed', at(30), { build: name('ci.yml', AGAIN), error: 'There is no provider "ci" here. There are: local.' })
      ]
    }
  }),
  example('T4.51 the key of a retry that is cancelled while its files are read is not spent', {
    given: [...running(), comes(trigger(), at(20)), filesRead([workflow({ engine: 'x' })], at(21)), retry(at(30)), cancel(at(31), null, AGAIN)],
    when: [comes(trigger({ cause: LATER }), at(32), { rkey: AGAIN })],
    then: { effects: [read(3, { rkey: AGAIN, sha: 'c'.repeat(40) })] }
  }),
  example('T4.52 a report under another name than the provider’s own changes nothing, also while the build is to end', {
    given: [...RUNNING, cancel(at(24))],
    when: [reports('cancelled', at(25), { external: '8' })],
    then: { effects: [], changes: [] }
  }),

  // ---------------------------------------------------------------------------------------- T5
  example('T5.20 a start without a stop that takes the right to a followed build asks its provider twice to end it, and the first number is void', {
    given: FOLLOWING,
    when: [renamed(at(30)), says('CancelAcknowledged', 4, at(31)), says('CancelAcknowledged', 6, at(32)), says('CancelAcknowledged', 6, at(33))],
    then: { effects: [stream(2), publish('cancelled', at(30), { error: WITHDRAWN }), askToEnd(4), forgets(5), askToEnd(6), unfollow()] }
  }),
  example('T5.21 a start after a stop asks once, under the same number: the request before it is left out, and takes its number', {
    given: [...FOLLOWING, stop(at(25))],
    when: [renamed(at(30))],
    then: { effects: [stream(3), publish('cancelled', at(30), { error: WITHDRAWN }), forgets(5), askToEnd(6)] }
  }),
  example('T5.22 a provider may refuse when it is asked whether it has the build: the build has failed with its reason, and is not started again', {
    given: [...STARTING, wavers(3, at(22)), buildTimer(4, at(24))],
    when: [refuses(5, at(25)), says('BuildMissing', 5, at(26))],
    then: { effects: [publish('failed', at(25), { error: 'no such pipeline' })] }
  }),
  example('T5.23 where the right and the line of the list are both gone, the right is said', {
    given: [
      put(ALICE, 'x', repo({ name: 'x', repoDid: 'did:plc:x' }), at(1)),
      put(ALICE, 'c', collaborator({ repoDid: 'did:plc:x', subject: BOB }), at(2)),
      ...running({ allow: [{ pipelines: '*', provider: 'ci', repos: '**' }] }),
      comes(trigger({ actor: BOB, repo: { ...NAMELESS, did: 'did:plc:x' } }), at(20)),
      filesRead([workflow()], at(21)),
      started(at(30), building()),
      del(ALICE, COLLABORATOR, 'c', at(31), { connection: 2 })
    ],
    when: [says('BuildMissing', 5, at(32)), retry(at(33))],
    then: { effects: [publish('cancelled', at(32), { error: WITHDRAWN })], reports: [ignored('repo', at(33))] }
  }),
  example('T5.24 a build whose provider is gone at a start is not asked for any more, also after a pause', {
    given: [...STARTING, wavers(3, at(22))],
    when: [started(at(30), building({ providers: ['local'] })), buildTimer(4, at(31))],
    then: {
      effects: [
        stream(2),
        subscribe(K1, 3, `${String(at(20) - 1)}999`),
        publish('failed', at(30), { error: 'There is no provider "ci" here any more.' })
      ]
    }
  }),
  example('T5.30 a request to end a build that its provider refuses for good is made again: the build is there', {
    given: [...RUNNING, cancel(at(24))],
    when: [refuses(5, at(25)), buildTimer(6, at(27)), says('CancelAcknowledged', 7, at(28))],
    then: { effects: [pause(6, 1_000, 2_000), askToEnd(7), unfollow()], reports: [uncertain(at(25))] }
  }),
  example('T5.25 a build that is followed has its attempts counted from 0 again', {
    given: [...STARTING, wavers(3, at(22)), buildTimer(4, at(24)), says('BuildAccepted', 5, at(25)), cancel(at(26))],
    when: [wavers(6, at(27))],
    then: { effects: [pause(7, 1_000, 2_000)], reports: [uncertain(at(27))] }
  }),
  example('T5.26 what a provider answers while the bridge is stopped takes its numbers, and asks for nothing', {
    given: [...STARTING, stop(at(22))],
    when: [wavers(3, at(23)), buildTimer(4, at(24)), says('BuildAccepted', 5, at(25)), reports('running', at(26)), started(at(30), building())],
    then: {
      effects: [
        publish('running', at(26)),
        stream(3),
        subscribe(K1, 4, `${String(at(20) - 1)}999`),
        deadline(7, 21_600_000),
        follow()
      ],
      reports: [uncertain(at(23))]
    }
  }),

  // ---------------------------------------------------------------------------------------- B1, B3
  example('B1.16 another owner’s reading takes its number after those that go on, and before those of the members', {
    config,
    given: [
      started(at(10), config),
      opened(1, at(11)),
      put(OWNER, 'a', member(), at(12), { connection: 1 }),
      put(OWNER, 'b', member({ subject: BOB }), at(12), { connection: 1 }),
      put(ALICE, 'a', member({ subject: CAROL }), at(13), { connection: 1 }),
      put(ALICE, 'b', member({ subject: BOB }), at(13), { connection: 1 })
    ],
    when: [started(at(20), { ...config, owner: ALICE }), opened(2, at(21))],
    then: { effects: [open(2, at(13) - 5_000_000), reads(ALICE, MEMBER, 10), reads(BOB, MEMBER, 11), reads(CAROL, MEMBER, 12)] }
  }),
  example('B1.17 an owner who makes herself a member is read anew from the beginning', {
    config,
    given: [started(at(10), config), opened(1, at(11)), page(OWNER, MEMBER, 2, at(12))],
    when: [put(OWNER, 'a', member({ subject: OWNER }), at(13), { connection: 1 }), page(OWNER, REPO, 3, at(14)), page(OWNER, MEMBER, 4, at(15))],
    then: { effects: [reads(OWNER, MEMBER, 4), reads(OWNER, REPO, 5)] }
  }),
  example('B1.18 an owner who is a member of herself takes two numbers when her reading begins, and is read once', {
    config: { admission: 'members' },
    given: [started(at(10), { admission: 'members' }), opened(1, at(11)), put(OWNER, 'a', member({ subject: OWNER }), at(12), { connection: 1 })],
    when: [started(at(20), config), opened(2, at(21))],
    then: { effects: [open(2, at(12) - 5_000_000), reads(OWNER, MEMBER, 3)] }
  }),
  example('B1.19 a stop leaves isOpen as it is, and what is called for after it waits', {
    config,
    given: [started(at(10), config), opened(1, at(11)), stop(at(12))],
    when: [put(OWNER, 'a', member(), at(13), { connection: 2 }), started(at(20), config), opened(3, at(21))],
    then: { effects: [open(3, at(13) - 5_000_000), reads(ALICE, MEMBER, 6), reads(OWNER, MEMBER, 7)] }
  }),
  example('B1.20 members who come back with the owner’s account are read by DID ascending, below hers and above, whoever was named first', {
    config,
    given: [
      started(at(10), config),
      opened(1, at(11)),
      page(OWNER, MEMBER, 2, at(12)),
      page(OWNER, REPO, 3, at(12)),
      page(OWNER, COLLABORATOR, 4, at(12)),
      put(OWNER, 'a', member({ subject: ZOE }), at(13), { connection: 1 }),
      put(OWNER, 'b', member(), at(13), { connection: 1 }),
      account(OWNER, 'deactivated', at(14), { connection: 1 })
    ],
    when: [account(OWNER, 'active', at(15), { connection: 1 })],
    then: { effects: [reads(ALICE, MEMBER, 7), reads(ZOE, MEMBER, 8)] }
  }),
  example('B1.21 the reading of an owner who is a member of herself, called for before any start, ends with her membership', {
    config,
    given: [put(OWNER, 'a', member({ subject: OWNER }), at(1), { connection: 0 })],
    when: [account(OWNER, 'deactivated', at(2), { connection: 0 })],
    then: { changes: ['backfill', 'commits', 'counters', 'cursor'] }
  }),
  example('B3.9 a page that cannot be read while the bridge is stopped is reported and takes a number, and no timer is set', {
    config,
    given: [started(at(10), config), opened(1, at(11)), stop(at(12))],
    when: [fails(OWNER, 2, at(13)), started(at(20), config), opened(3, at(21))],
    then: { effects: [open(3), reads(OWNER, MEMBER, 5)], reports: [unreadRecords(OWNER, at(13))] }
  })
]
