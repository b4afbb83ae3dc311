/** Examples of T1 and T2: which triggers count. */
import { COLLABORATOR, MEMBER, REPO } from '../../../core/index.js'
import {
  askToEnd,
  bare,
  begins,
  building,
  buildTimer,
  cancel,
  comes,
  DETAILS,
  filesRead,
  forgets,
  ignored,
  KEY,
  KNOWN,
  LATER,
  MAIN,
  name,
  named,
  NAMELESS,
  OLD_SHA,
  OTHER,
  PIPED,
  pipeline,
  PIPES,
  plan,
  publish,
  push,
  pushTimer,
  read,
  readPiped,
  refused,
  REPO_DID,
  reports,
  retry,
  running,
  says,
  SHA,
  sourceTimer,
  STARTING,
  TAGGED,
  trigger,
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
  K1,
  K2,
  knotClosed,
  knotFrame,
  knotOpened,
  knotTimer,
  member,
  OWNER,
  put,
  repo,
  rev,
  started,
  subscribe,
  unsubscribe
} from './support.js'

/** T1, row by row of the table in behaviour.md. */
const rows: ReadonlyArray<Example> = [
  ...KNOWN.flatMap(([sent, before]) => [
    example(`T1.23 a refUpdate without repo, from a knot that has sent ${sent}, is left to its pipeline; alone (skip-ci) it comes to nothing`, {
      given: [...running(), ...before],
      when: [comes(bare(), at(20)), pushTimer(1, at(25))],
      then: { effects: [], reports: [ignored('kind', at(20))] }
    }),
    example(`T1.24 a refUpdate without repo, from a knot that has sent ${sent}, has its pipeline begin the run, under the pipeline’s key, once`, {
      given: [...running(), ...before, comes(bare(), at(20))],
      when: [comes(pipeline(), at(21), { rkey: PIPED }), comes(bare(), at(22)), comes(pipeline(), at(23), { rkey: PIPED })],
      then: { effects: [readPiped(1)], reports: [ignored('before', at(22))] }
    }),
    example(`T1.25 a refUpdate without repo, from a knot that has sent ${sent}, is left to its pipeline over a restart in between`, {
      given: [...running(), ...before, comes(bare(), at(20)), started(at(21), building()), knotOpened(K1, 3, at(22))],
      when: [comes(bare(), at(23), { connection: 3 }), comes(pipeline(), at(24), { connection: 3, rkey: PIPED })],
      then: { effects: [readPiped(1)], reports: [ignored('kind', at(23))] }
    })
  ]),
  ...KNOWN.map(([sent, before]) =>
    example(`T1.26 a pipeline that comes first, from a knot that has sent ${sent}, begins the run, and no refUpdate does, of whatever shape`, {
      given: [...running(), ...before, comes(pipeline(), at(20), { rkey: PIPED }), comes(pipeline({ cause: LATER }), at(21), { rkey: 'q' }), comes(pipeline({ cause: TAGGED }), at(22), { rkey: 'r' })],
      when: [
        comes(bare(), at(30)),
        comes(named({ cause: LATER }), at(31), { rkey: OTHER }),
        comes(trigger({ cause: TAGGED }), at(32), { rkey: 's' }),
        comes(bare(), at(33)),
        comes(named({ cause: LATER }), at(34), { rkey: OTHER })
      ],
      then: {
        effects: [],
        reports: [
          ignored('kind', at(30)),
          ignored('kind', at(31), OTHER),
          ignored('kind', at(32), 's'),
          ignored('before', at(33)),
          ignored('before', at(34), OTHER)
        ]
      }
    })
  ),
  example('T1.27 a refUpdate with repo, from a knot that has sent details and no pipeline, is acted on at once; a pipeline after all is ignored', {
    given: [...running(), ...DETAILS],
    when: [comes(named(), at(20)), comes(pipeline(), at(21), { rkey: PIPED }), comes(pipeline(), at(22), { rkey: PIPED })],
    then: { effects: [read(1)], reports: [ignored('kind', at(21), PIPED), ignored('before', at(22), PIPED)] }
  }),
  example('T1.28 a refUpdate with repo and details tells at once what the knot is', {
    given: running(),
    when: [comes(trigger(), at(20)), comes(trigger({ cause: push({ ...LATER, skipsCi: true }) }), at(21), { rkey: OTHER })],
    then: { effects: [read(1)], reports: [ignored('skipped', at(21), OTHER)] }
  }),
  example('T1.43 a knot that sends details and pipelines has the first trigger acted on at once; the next push waits for its pipeline', {
    given: running(),
    when: [
      comes(trigger(), at(20)),
      comes(pipeline(), at(21), { rkey: PIPED }),
      comes(trigger({ cause: LATER }), at(22), { rkey: OTHER }),
      comes(pipeline({ cause: LATER }), at(23), { rkey: 'q' })
    ],
    then: {
      effects: [read(1), waits(2, OTHER), read(3, { rkey: 'q', sha: 'c'.repeat(40), workflows: [] })],
      reports: [ignored('kind', at(21), PIPED)]
    }
  }),
  example('T1.29 a refUpdate with repo, from a knot that has sent pipelines and no details, is left to its pipeline; without one (skip-ci) nothing happens', {
    given: [...running(), ...PIPES],
    when: [comes(named(), at(20)), comes(named({ cause: LATER }), at(21), { rkey: OTHER }), comes(pipeline({ cause: LATER }), at(22), { rkey: PIPED })],
    then: {
      effects: [read(1, { rkey: PIPED, sha: 'c'.repeat(40), workflows: [] })],
      reports: [ignored('kind', at(20)), ignored('kind', at(21), OTHER)]
    }
  }),
  ...KNOWN.filter(([sent]) => sent === 'nothing' || sent === 'both').flatMap(([sent, before]) => [
    example(`T1.30 a refUpdate with repo, from a knot that has sent ${sent}, waits for its pipeline, which begins the run under its own key`, {
      given: [...running(), ...before],
      when: [comes(named(), at(20)), comes(pipeline(), at(21), { rkey: PIPED }), pushTimer(1, at(25)), comes(named(), at(26))],
      then: { effects: [waits(1), readPiped(2)], reports: [ignored('before', at(26))] }
    }),
    example(`T1.31 a refUpdate with repo, from a knot that has sent ${sent}, is acted on if no pipeline comes; a late one is ignored`, {
      given: [...running(), ...before, comes(named(), at(20))],
      when: [
        pushTimer(2, at(24)),
        pushTimer(1, at(25)),
        pushTimer(1, at(26)),
        comes(pipeline(), at(27), { rkey: PIPED }),
        filesRead([workflow()], at(28), { number: 2 })
      ],
      then: { effects: [read(2), ...begins(at(28), 3, 4)], reports: [ignored('kind', at(27), PIPED)] }
    }),
    example(`T1.32 a refUpdate with repo, from a knot that has sent ${sent}, waits anew after a restart, from when the knot is connected`, {
      given: [...running(), ...before, comes(named(), at(20)), started(at(21), building())],
      when: [pushTimer(1, at(25)), knotOpened(K1, 3, at(60)), pushTimer(1, at(61)), comes(named(), at(62), { connection: 3 }), pushTimer(2, at(65))],
      then: { effects: [waits(2), read(3)] }
    }),
    example(`T1.33 a refUpdate with repo, from a knot that has sent ${sent}, is left to a pipeline that comes after a restart`, {
      given: [...running(), ...before, comes(named(), at(20)), started(at(21), building()), knotOpened(K1, 3, at(60))],
      when: [comes(pipeline(), at(61), { connection: 3, rkey: PIPED }), pushTimer(2, at(65))],
      then: { effects: [readPiped(3)] }
    })
  ]),
  example('T1.34 a push whose time runs out while the knot is not connected waits on, anew from when it is', {
    given: [...running(), comes(named(), at(20)), knotClosed(K1, 2, at(21))],
    when: [pushTimer(1, at(25)), knotTimer(K1, 3, at(30)), knotOpened(K1, 3, at(31)), pushTimer(2, at(36))],
    then: { effects: [subscribe(K1, 3, `${String(at(20) - 1)}999`), waits(2), read(3)] }
  }),
  example('T1.35 the committer is kept for the pipeline, which is refused if the committer has no rights', {
    given: running(),
    when: [
      comes(bare({ actor: BOB }), at(20)),
      comes(pipeline(), at(21), { rkey: PIPED }),
      comes(named({ actor: BOB, cause: LATER }), at(22), { rkey: OTHER }),
      comes(pipeline({ cause: LATER }), at(23), { rkey: 'q' })
    ],
    then: {
      effects: [],
      reports: [ignored('kind', at(20)), refused('actor', at(21), PIPED), ignored('kind', at(22), OTHER), refused('actor', at(23), 'q')]
    }
  }),
  example('T1.36 a pipeline belongs to whoever pushed last of two pushes of one commit to one ref', {
    given: [...running(), comes(bare({ cause: TAGGED }), at(20))],
    when: [comes(bare({ actor: BOB, cause: TAGGED }), at(30), { rkey: OTHER }), comes(pipeline({ cause: TAGGED }), at(31), { rkey: PIPED })],
    then: { effects: [], reports: [ignored('kind', at(30), OTHER), refused('actor', at(31), PIPED)] }
  }),
  example('T1.37 a committer whom the knot names after the pipeline is checked when the files have been read', {
    given: [...running(), comes(pipeline(), at(20), { rkey: PIPED }), comes(bare({ actor: BOB }), at(21))],
    when: [filesRead([workflow()], at(22), { rkey: PIPED })],
    then: { effects: [], reports: [refused('actor', at(22), PIPED)] }
  }),
  example('T1.38 a run that came to nothing, or was cancelled, is not begun again by the other kind of trigger', {
    given: [
      ...running(),
      ...DETAILS,
      comes(trigger(), at(20)),
      filesRead([], at(21)),
      comes(named({ cause: LATER }), at(22), { rkey: OTHER }),
      cancel(at(23), null, OTHER)
    ],
    when: [comes(pipeline(), at(24), { rkey: PIPED }), comes(pipeline({ cause: LATER }), at(25), { rkey: 'q' })],
    then: { effects: [], reports: [ignored('kind', at(24), PIPED), ignored('kind', at(25), 'q')] }
  }),
  example('T1.39 a waiting push ends with the right to it', {
    given: [...running(), comes(named(), at(20)), del(OWNER, REPO, 'app', at(21), { connection: 1 }), put(OWNER, 'app', repo({ repoDid: REPO_DID }), at(22), { connection: 1 })],
    when: [pushTimer(1, at(25)), comes(pipeline(), at(26), { connection: 3, rkey: PIPED })],
    then: { effects: [], reports: [ignored('kind', at(26), PIPED)] }
  }),
  example('T1.40 a knot’s memory is dropped when nobody holds the knot and five minutes are over', {
    given: [...running(), comes(trigger(), at(20)), cancel(at(21)), del(OWNER, REPO, 'app', at(30), { connection: 1 })],
    when: [sourceTimer(1, at(329)), sourceTimer(2, at(330)), sourceTimer(2, at(331))],
    then: { effects: [], changes: ['builds'] }
  }),
  example('T1.42 a start sets the timer that drops a knot’s memory to what is left of its time', {
    given: [...running(), comes(trigger(), at(20)), cancel(at(21)), del(OWNER, REPO, 'app', at(30), { connection: 1 })],
    when: [started(at(100), building()), started(at(1_000), building()), started(at(1), building())],
    then: {
      effects: [
        { _tag: 'OpenJetstream', connection: 2, cursor: at(25), ordinal: null },
        forgets(3, 231_000),
        { _tag: 'OpenJetstream', connection: 3, cursor: at(25), ordinal: null },
        forgets(4, 0),
        { _tag: 'OpenJetstream', connection: 4, cursor: at(25), ordinal: null },
        forgets(5, 330_000)
      ]
    }
  }),
  example('T1.41 a knot’s memory lasts, over restarts, for as long as its triggers would count again; it stays if somebody holds the knot by then', {
    given: [
      ...running(),
      comes(trigger(), at(20), { created: `${String(at(90))}000` }),
      cancel(at(21)),
      del(OWNER, REPO, 'app', at(30), { connection: 1 }),
      started(at(100), building())
    ],
    when: [sourceTimer(2, at(389)), put(OWNER, 'app', repo({ repoDid: REPO_DID }), at(50), { at: at(389), connection: 2 }), sourceTimer(3, at(390)), comes(trigger(), at(391), { connection: 3 })],
    then: { effects: [subscribe(K1, 3)], reports: [ignored('before', at(391))] }
  })
]

export const TRIGGERS: ReadonlyArray<Example> = [
  // ---------------------------------------------------------------------------------------- T1
  example('T1.1 a push to a repository that names us has its workflow files read at the commit', {
    given: running(),
    when: [comes(trigger(), at(20))],
    then: { effects: [read(1)], changes: ['builds', 'knots'] }
  }),
  example('T1.2 a ready-made pipeline brings its files along', {
    given: running(),
    when: [
      comes(
        trigger({
          actor: null,
          defaultBranch: 'main',
          kind: 'pipeline',
          repo: { did: null, knot: K1, name: 'app', owner: OWNER },
          workflows: [{ name: 'ci.yml', text: 'engine: tack' }]
        }),
        at(20)
      )
    ],
    then: { effects: [read(1, { workflows: [{ name: 'ci.yml', text: 'engine: tack' }] })] }
  }),
  example('T1.3 a push is understood from the frame as the knot sends it', {
    given: running(),
    when: [
      knotFrame(
        K1,
        `{"rkey":"${KEY}","nsid":"sh.tangled.git.refUpdate","event":{"ref":"${MAIN}","oldSha":"${OLD_SHA}","newSha":"${SHA}","committerDid":"${OWNER}","repo":"${REPO_DID}","changedFiles":["a"]},"created":${String(at(20))}000}`,
        at(20),
        2
      )
    ],
    then: { effects: [read(1)] }
  }),
  example('T1.4 a trigger that is not understood is reported, and the cursor of the knot moves on', {
    given: running(),
    when: [comes('newSha is no name of an object', at(20))],
    then: { effects: [], reports: [{ _tag: 'KnotFrameRejected', at: at(20), host: K1, reason: 'trigger' }], changes: ['counters', 'knots'] }
  }),
  example('T1.5 a trigger created more than five minutes before we listened calls for nothing', {
    given: running(),
    when: [comes(trigger(), at(20), { created: `${String(at(2) - 300_000_001)}000` }), comes(trigger(), at(21), { created: `${String(at(2) - 300_000_000)}000`, rkey: OTHER })],
    then: { effects: [read(1, { rkey: OTHER })], reports: [ignored('before', at(20))] }
  }),
  example('T1.6 the time in its key dates a trigger without a stamp', {
    given: running(),
    when: [comes(trigger(), at(20), { created: null, rkey: '3mbcor2kk2222' }), comes(trigger(), at(21), { created: null, rkey: 'a' })],
    then: { effects: [read(1, { rkey: 'a' })], reports: [ignored('before', at(20), '3mbcor2kk2222')] }
  }),
  example('T1.22 the age of a trigger counts to the microsecond', {
    given: running(),
    when: [
      comes(trigger(), at(20), { created: null, rkey: rev(at(2) - 300_000_001) }),
      comes(trigger(), at(21), { created: null, rkey: rev(at(2) - 300_000_000) })
    ],
    then: { effects: [read(1, { rkey: rev(at(2) - 300_000_000) })], reports: [ignored('before', at(20), rev(at(2) - 300_000_001))] }
  }),
  example('T1.7 a deleted branch, a ref that did not move, another kind of ref, and a push that asks for no CI call for nothing', {
    given: running(),
    when: [
      comes(trigger({ cause: push({ newSha: ZERO }) }), at(20)),
      comes(trigger({ cause: push({ newSha: OLD_SHA }) }), at(21)),
      comes(trigger({ cause: push({ ref: 'refs/notes/x' }) }), at(22)),
      comes(trigger({ cause: push({ skipsCi: true }) }), at(23))
    ],
    then: {
      effects: [],
      reports: [ignored('deleted', at(20)), ignored('unmoved', at(21)), ignored('ref', at(22)), ignored('skipped', at(23))]
    }
  }),
  example('T1.8 a new branch and a tag are pushes like any other', {
    given: running(),
    when: [
      comes(trigger({ cause: push({ oldSha: ZERO }) }), at(20)),
      comes(trigger({ cause: push({ ref: 'refs/tags/v1' }) }), at(21), { rkey: OTHER })
    ],
    then: { effects: [read(1), read(2, { rkey: OTHER })] }
  }),
  example('T1.9 a push that a knot reports in both ways is acted on once, at the first', {
    given: [...running(), comes(trigger({ kind: 'pipeline', workflows: [] }), at(20))],
    when: [comes(trigger(), at(21), { rkey: OTHER })],
    then: { effects: [], reports: [ignored('kind', at(21), OTHER)], changes: ['builds', 'counters', 'knots'] }
  }),
  example('T1.10 two triggers of one kind under two keys are two pushes: a tag deleted and pushed again builds again, whichever way it is reported', {
    given: [
      ...running(),
      ...[KEY, OTHER].flatMap((rkey, i) => [comes(trigger({ cause: TAGGED }), at(20 + i), { rkey })]),
      ...['p', 'q'].map((rkey, i) => comes(pipeline(), at(22 + i), { rkey }))
    ],
    when: [comes(pipeline({ cause: TAGGED }), at(30), { rkey: 'r' }), comes(pipeline({ cause: TAGGED }), at(31), { rkey: 's' }), comes(pipeline({ cause: TAGGED }), at(32), { rkey: 't' })],
    then: { effects: [read(5, { rkey: 't', workflows: [] })], reports: [ignored('kind', at(30), 'r'), ignored('kind', at(31), 's')] }
  }),
  example('T1.11 a pipeline that comes after the refUpdate of the same push is ignored', {
    given: [...running(), comes(trigger(), at(20))],
    when: [comes(trigger({ kind: 'pipeline', workflows: [] }), at(21), { rkey: OTHER })],
    then: { effects: [], reports: [ignored('kind', at(21), OTHER)] }
  }),
  example('T1.12 a push that differs in ref, commit, or repository is no repeat of one reported in the other way', {
    given: [
      ...running(),
      put(OWNER, 'lib', repo({ name: 'lib' }), at(12), { connection: 1 }),
      comes(trigger({ kind: 'pipeline', workflows: [] }), at(20))
    ],
    when: [comes(trigger({ repo: { ...NAMELESS, name: 'lib', owner: OWNER } }), at(21), { rkey: OTHER })],
    then: { effects: [waits(2, OTHER)] }
  }),
  example('T1.16 a push that a pipeline reported is not acted on again, however many others come in between', {
    given: [
      ...running(),
      comes(trigger({ kind: 'pipeline', workflows: [] }), at(20)),
      comes(trigger({ cause: push({ newSha: 'c'.repeat(40) }) }), at(21), { rkey: OTHER }),
      comes(trigger({ cause: push({ newSha: 'd'.repeat(40) }) }), at(22), { rkey: 'x' })
    ],
    when: [
      comes(trigger(), at(23), { rkey: 'y' }),
      comes(trigger({ cause: push({ ref: 'refs/heads/x' }) }), at(24), { rkey: 'z' }),
      comes(trigger({ cause: push({ oldSha: ZERO }) }), at(25), { rkey: 'zz' })
    ],
    then: { effects: [waits(4, 'z'), waits(5, 'zz')], reports: [ignored('kind', at(23), 'y')] }
  }),
  example('T1.18 a push reported by another knot is another push, even if the repository has moved here from there', {
    given: [
      put(OWNER, 'app', repo({ knot: K2, repoDid: REPO_DID }), at(1)),
      put(OWNER, 'lib', repo({ name: 'lib' }), at(2)),
      started(at(10), building()),
      comes(trigger({ kind: 'pipeline', workflows: [] }), at(20), { connection: 4, host: K2, rkey: 'x' }),
      { ...filesRead([workflow()], at(21)), knot: K2, rkey: 'x' },
      comes(trigger({ kind: 'pipeline', repo: { ...NAMELESS, name: 'lib', owner: OWNER }, workflows: [] }), at(22), { connection: 3 }),
      put(OWNER, 'app', repo({ repoDid: REPO_DID }), at(30), { connection: 1 })
    ],
    when: [comes(trigger(), at(40), { connection: 3, rkey: OTHER })],
    then: { effects: [waits(6, OTHER)] }
  }),
  example('T1.19 a push of another owner’s repository of that key, and a trigger that is no push, are no repeats', {
    given: [
      put(ALICE, 'app', repo({ name: 'hers', repoDid: 'did:plc:hers' }), at(1)),
      ...running(),
      comes(trigger({ actor: null, kind: 'pipeline', repo: { ...NAMELESS, did: 'did:plc:hers' }, workflows: [] }), at(20)),
      comes(trigger({ cause: { _tag: 'Manual', inputs: [], ref: MAIN, sha: SHA }, kind: 'pipeline', workflows: [] }), at(21), { rkey: 'm' })
    ],
    when: [comes(trigger(), at(22), { rkey: OTHER }), comes(trigger({ cause: { _tag: 'Manual', inputs: [], ref: MAIN, sha: SHA } }), at(23), { rkey: 'n' })],
    then: { effects: [waits(3, OTHER), read(4, { rkey: 'n' })] }
  }),
  example('T1.20 an ignored push stays ignored when the pipeline that reported it is forgotten', {
    given: [
      ...running({ keepStatuses: 1 }),
      comes(trigger({ kind: 'pipeline', workflows: [] }), at(20)),
      filesRead([workflow({ engine: 'x' })], at(21)),
      comes(trigger(), at(22), { rkey: OTHER }),
      comes(pipeline({ cause: push({ newSha: 'c'.repeat(40), oldSha: SHA }) }), at(23), { rkey: '3mbd354mg2222' }),
      filesRead([workflow({ engine: 'x' })], at(24), { number: 2, rkey: '3mbd354mg2222' })
    ],
    when: [comes(trigger(), at(30), { rkey: OTHER })],
    then: { effects: [], reports: [ignored('before', at(30), OTHER)] }
  }),
  example('T1.21 a clock that ran ahead when a knot was first wanted does not silence it for ever', {
    given: [put(OWNER, 'app', repo({ repoDid: REPO_DID }), at(1), { at: at(100_000) }), started(at(10), building()), knotOpened(K1, 2, at(11))],
    when: [comes(trigger(), at(20))],
    then: { effects: [read(1)] }
  }),
  example('T1.65 a run that begins under the key of a push that was left stands for itself: a pipeline of that push leaves it alone', {
    given: [
      ...running(),
      comes(bare(), at(20)),
      comes(trigger({ cause: { _tag: 'Manual', inputs: [], ref: MAIN, sha: SHA }, kind: 'pipeline', workflows: [] }), at(21)),
      filesRead([workflow()], at(22))
    ],
    when: [comes(pipeline(), at(23), { rkey: PIPED }), cancel(at(24))],
    then: { effects: [readPiped(4), publish('cancelled', at(24))] }
  }),
  example('T1.17 two equal pushes reported in one way are two pushes', {
    given: [...running(), comes(trigger(), at(20)), comes(trigger({ cause: push({ newSha: OLD_SHA, oldSha: SHA }) }), at(21), { rkey: 'b' })],
    when: [comes(trigger(), at(22), { rkey: 'c' })],
    then: { effects: [read(3, { rkey: 'c' })] }
  }),
  example('T1.13 pull requests and manual runs come as pipelines only, and count', {
    given: [...running(), comes(trigger(), at(20))],
    when: [
      comes(
        trigger({ cause: { _tag: 'PullRequest', action: 'opened', sourceBranch: 'x', sourceSha: OLD_SHA, targetBranch: 'main' }, kind: 'pipeline' }),
        at(21),
        { rkey: 'p' }
      ),
      comes(trigger({ cause: { _tag: 'Manual', inputs: [], ref: null, sha: null }, kind: 'pipeline' }), at(22), { rkey: 'm' })
    ],
    then: { effects: [read(2, { rkey: 'p', sha: OLD_SHA }), read(3, { rkey: 'm', sha: null })] }
  }),
  ...rows,
  example('T1.14 a stamp from the future is no reason to ignore a push', {
    given: running(),
    when: [comes(trigger(), at(20), { created: `${String(at(1_000))}000` })],
    then: { effects: [read(1)], reports: [{ _tag: 'KnotFrameFromFuture', at: at(20), created: `${String(at(1_000))}000`, host: K1 }] }
  }),
  example('T1.15 a trigger over an old connection, or from a knot that nobody holds, is ignored', {
    given: running(),
    when: [comes(trigger(), at(20), { connection: 1 }), comes(trigger(), at(20), { host: K2 })],
    then: { effects: [], changes: [] }
  }),

  // ---------------------------------------------------------------------------------------- T2
  example('T2.1 a repository that does not name us, or is on another knot, is not ours', {
    given: [
      ...running(),
      put(OWNER, 'other', repo({ name: 'other', repoDid: 'did:plc:other', spindle: 'other.example' }), at(12), { connection: 1 }),
      put(OWNER, 'away', repo({ knot: K2, name: 'away', repoDid: 'did:plc:away' }), at(13), { connection: 1 })
    ],
    when: [
      comes(trigger({ repo: { ...NAMELESS, did: 'did:plc:other' } }), at(20)),
      comes(trigger({ repo: { ...NAMELESS, did: 'did:plc:away' } }), at(21)),
      comes(trigger({ repo: { ...NAMELESS, did: 'did:plc:nobody' } }), at(22)),
      comes(trigger({ repo: { ...NAMELESS, name: 'nothing', owner: OWNER } }), at(23)),
      comes(trigger({ repo: { ...NAMELESS, name: 'app' } }), at(24)),
      comes(trigger({ repo: { ...NAMELESS, owner: OWNER } }), at(25))
    ],
    then: { effects: [], reports: [20, 21, 22, 23, 24, 25].map((second) => ignored('repo', at(second))) }
  }),
  example('T2.2 a knot speaks for itself alone', {
    given: running(),
    when: [
      comes(trigger({ repo: { did: REPO_DID, knot: K2, name: null, owner: null } }), at(20)),
      comes(trigger({ repo: { did: REPO_DID, knot: '127.0.0.1', name: null, owner: null } }), at(21)),
      comes(trigger({ repo: { did: REPO_DID, knot: 'KNOT1.example.', name: null, owner: null } }), at(22))
    ],
    then: { effects: [read(1)], reports: [refused('knot', at(20)), refused('knot', at(21))] }
  }),
  example('T2.3 an owner whose records do not count has nothing built', {
    config: { admission: 'members' },
    given: [
      put(ALICE, 'app', repo({ name: 'hers', repoDid: 'did:plc:hers' }), at(1)),
      ...running({}, { admission: 'members' })
    ],
    when: [comes(trigger({ actor: ALICE, repo: { ...NAMELESS, did: 'did:plc:hers' } }), at(20))],
    then: { effects: [], reports: [ignored('repo', at(20))] }
  }),
  example('T2.4 the owner of a repository may push, and so may a collaborator, whichever way the record names it', {
    given: [
      ...running(),
      put(OWNER, 'c1', collaborator({ repo: `at://${OWNER}/sh.tangled.repo/app`, subject: ALICE }), at(12), { connection: 1 }),
      put(OWNER, 'c2', collaborator({ repoDid: REPO_DID, subject: BOB }), at(13), { connection: 1 }),
      put(OWNER, 'c3', collaborator({ repo: REPO_DID, subject: 'did:plc:carol' }), at(14), { connection: 1 })
    ],
    when: [
      comes(trigger({ actor: OWNER }), at(20)),
      comes(trigger({ actor: ALICE }), at(21), { rkey: 'a' }),
      comes(trigger({ actor: BOB }), at(22), { rkey: 'b' }),
      comes(trigger({ actor: 'did:plc:carol' }), at(23), { rkey: 'c' })
    ],
    then: { effects: [read(1), read(2, { rkey: 'a' }), read(3, { rkey: 'b' }), read(4, { rkey: 'c' })] }
  }),
  example('T2.5 a stranger may not push, nor may a member, a collaborator on another repository, or one whose record is gone', {
    given: [
      ...running(),
      put(OWNER, 'm', member(), at(12), { connection: 1 }),
      put(OWNER, 'c1', collaborator({ repo: `at://${OWNER}/sh.tangled.repo/lib`, subject: BOB }), at(13), { connection: 1 }),
      put(OWNER, 'c2', collaborator({ repoDid: REPO_DID, subject: 'did:plc:carol' }), at(14), { connection: 1 }),
      del(OWNER, COLLABORATOR, 'c2', at(15), { connection: 1 }),
      put(ALICE, 'c3', collaborator({ repoDid: REPO_DID, subject: 'did:plc:dave' }), at(16), { connection: 1 }),
      put(OWNER, 'c4', collaborator({ repoDid: REPO_DID, subject: 'did:plc:erin' }), at(17), { connection: 1 })
    ],
    when: [
      comes(trigger({ actor: 'did:plc:stranger' }), at(20)),
      comes(trigger({ actor: ALICE }), at(21)),
      comes(trigger({ actor: BOB }), at(22)),
      comes(trigger({ actor: 'did:plc:carol' }), at(23)),
      comes(trigger({ actor: 'did:plc:dave' }), at(24))
    ],
    then: { effects: [], reports: [20, 21, 22, 23, 24].map((second) => refused('actor', at(second))) }
  }),
  example('T2.6 a knot that names nobody answers for the push itself', {
    given: running(),
    when: [comes(trigger({ actor: null }), at(20))],
    then: { effects: [read(1)] }
  }),
  example('T2.7 a repository is found by its own DID, or by its owner with its name or the key of its record', {
    given: [...running(), put(OWNER, 'k', repo({ name: 'other', repoDid: 'did:plc:k' }), at(12), { connection: 1 })],
    when: [
      comes(trigger({ repo: { ...NAMELESS, did: 'did:plc:k' } }), at(20)),
      comes(trigger({ repo: { ...NAMELESS, name: 'other', owner: OWNER } }), at(21), { rkey: 'b' }),
      comes(trigger({ repo: { ...NAMELESS, name: 'k', owner: OWNER } }), at(22), { rkey: 'c' }),
      comes(trigger({ repo: { did: 'did:plc:unknown', knot: null, name: 'other', owner: OWNER } }), at(23), { rkey: 'd' }),
      comes(trigger({ repo: { did: 'did:plc:k', knot: null, name: null, owner: ALICE } }), at(24), { rkey: 'e' })
    ],
    then: {
      effects: [KEY, 'b', 'c', 'd'].map((rkey, i) =>
        read(i + 1, { repository: { did: 'did:plc:k', name: 'other', owner: OWNER, rkey: 'k' }, rkey })
      ),
      reports: [ignored('repo', at(24), 'e')]
    }
  }),
  example('T2.8 a repository that two records claim belongs to the one in which the actor has rights', {
    given: [put(ALICE, 'fake', repo({ name: 'fake', repoDid: REPO_DID }), at(1)), ...running()],
    when: [comes(trigger(), at(20)), comes(trigger({ actor: BOB }), at(21), { rkey: 'b' })],
    then: { effects: [read(1)], reports: [refused('actor', at(21), 'b')] }
  }),
  example('T2.17 a repository that several owners’ records claim, and that none of them has to itself, cannot be attributed', {
    given: [put(ALICE, 'fake', repo({ name: 'fake', repoDid: REPO_DID }), at(1)), ...running(), put(ALICE, 'c', collaborator({ repoDid: REPO_DID, subject: BOB }), at(12), { connection: 1 })],
    when: [
      comes(trigger({ actor: null }), at(20)),
      comes(trigger({ actor: BOB }), at(21)),
      comes(trigger({ actor: null, repo: { ...NAMELESS, did: REPO_DID, owner: OWNER } }), at(22)),
      comes(trigger({ actor: ALICE }), at(23), { rkey: 'b' })
    ],
    then: {
      effects: [read(1), read(2, { repository: { did: REPO_DID, name: 'fake', owner: ALICE, rkey: 'fake' }, rkey: 'b' })],
      reports: [refused('actor', at(20)), refused('actor', at(21))]
    }
  }),
  example('T2.18 a record that does not count hides none that does, though it gives the repository’s DID', {
    config: { admission: 'members' },
    given: [
      put(ALICE, 'fake', repo({ name: 'fake', repoDid: 'did:plc:x' }), at(1)),
      put(OWNER, 'away', repo({ knot: K2, name: 'away', repoDid: 'did:plc:x' }), at(2)),
      put(OWNER, 'app', repo(), at(3)),
      started(at(10), { ...building(), admission: 'members' }),
      knotOpened(K1, 3, at(11))
    ],
    when: [comes(trigger({ repo: { did: 'did:plc:x', knot: null, name: 'app', owner: OWNER } }), at(20), { connection: 3 })],
    then: { effects: [read(1, { repository: { did: '', name: 'app', owner: OWNER, rkey: 'app' } })] }
  }),
  example('T2.19 a collaborator whose right is withdrawn can start nothing any more', {
    given: [
      ...running(),
      put(OWNER, 'c', collaborator({ repoDid: REPO_DID, subject: BOB }), at(12), { connection: 1 }),
      comes(trigger({ actor: BOB }), at(20)),
      comes(trigger({ actor: BOB }), at(20), { rkey: OTHER }),
      filesRead([workflow()], at(21), { number: 2, rkey: OTHER }),
      wavers(4, at(22), 0, name('ci.yml', OTHER)),
      buildTimer(5, at(23), name('ci.yml', OTHER)),
      del(OWNER, COLLABORATOR, 'c', at(24), { connection: 1 })
    ],
    when: [filesRead([workflow()], at(30)), says('BuildMissing', 6, at(31), name('ci.yml', OTHER)), retry(at(32), null, OTHER), comes(trigger({ actor: OWNER }), at(33))],
    then: {
      effects: [
        publish('cancelled', at(31), {
          build: name('ci.yml', OTHER),
          error: WITHDRAWN
        })
      ],
      reports: [refused('actor', at(30)), ignored('repo', at(32), OTHER), ignored('before', at(33))]
    }
  }),
  example('T2.9 a record without a name is called by its key', {
    given: [...running(), put(OWNER, 'k', repo({ name: '', repoDid: 'did:plc:k' }), at(12), { connection: 1 })],
    when: [comes(trigger({ repo: { ...NAMELESS, did: 'did:plc:k' } }), at(20))],
    then: { effects: [read(1, { repository: { did: 'did:plc:k', name: 'k', owner: OWNER, rkey: 'k' } })] }
  }),
  example('T2.10 a right that is withdrawn while files are read leaves nothing to build', {
    given: [...running(), comes(trigger(), at(20))],
    when: [del(OWNER, REPO, 'app', at(21), { connection: 1 }), filesRead([workflow()], at(22))],
    then: { effects: [unsubscribe(K1, 2), forgets(2)] }
  }),
  example('T2.11 a withdrawn right ends what was begun; a build that may not have started is looked up first', {
    given: STARTING,
    when: [
      put(OWNER, 'app', repo({ spindle: 'other.example' }), at(30), { connection: 1 }),
      says('BuildAccepted', 3, at(32)),
      says('CancelAcknowledged', 5, at(33))
    ],
    then: {
      effects: [
        unsubscribe(K1, 2),
        publish('cancelled', at(31), { error: WITHDRAWN }),
        forgets(4),
        askToEnd(5),
        unfollow()
      ]
    }
  }),
  example('T2.12 a withdrawn right has a running build cancelled at its provider', {
    config: { admission: 'members' },
    given: [
      put(OWNER, 'm', member(), at(1)),
      put(ALICE, 'app', repo({ repoDid: REPO_DID }), at(2)),
      started(at(10), { ...building({ allow: [{ pipelines: '*', provider: 'ci', repos: '**' }] }), admission: 'members' }),
      knotOpened(K1, 2, at(11)),
      comes(trigger({ actor: ALICE }), at(20)),
      filesRead([workflow()], at(21)),
      says('BuildAccepted', 3, at(22)),
      reports('running', at(23))
    ],
    when: [del(OWNER, MEMBER, 'm', at(30), { connection: 1 })],
    then: {
      effects: [
        unsubscribe(K1, 2),
        publish('cancelled', at(31), { error: WITHDRAWN }),
        {
          _tag: 'CancelBuild',
          build: name(),
          external: '7',
          number: 5,
          plan: plan({
            repository: { did: REPO_DID, name: 'app', owner: ALICE, rkey: 'app' },
            variables: variables().map(([key, value]) =>
              key === 'TANGLED_REPO_DID' ? [key, ALICE] : key === 'TANGLED_REPO_URL' ? [key, `https://${K1}/${ALICE}/app`] : [key, value]
            )
          })
        },
        forgets(6)
      ]
    }
  }),
  example('T2.20 rights that several lose at once end their builds in the order of their DIDs', {
    config: { admission: 'members' },
    given: [
      put(OWNER, 'm', member(), at(1)),
      put(ALICE, 'app', repo({ name: 'hers', repoDid: 'did:plc:hers' }), at(2)),
      ...running({ allow: [{ pipelines: '*', provider: 'ci', repos: '**' }] }, { admission: 'members' }),
      comes(trigger(), at(20)),
      comes(trigger({ actor: ALICE, repo: { ...NAMELESS, did: 'did:plc:hers' } }), at(20), { rkey: OTHER }),
      filesRead([workflow()], at(21)),
      filesRead([workflow()], at(21), { number: 2, rkey: OTHER })
    ],
    when: [account(OWNER, 'deactivated', at(30), { connection: 1 })],
    then: {
      effects: [
        unsubscribe(K1, 2),
        publish('cancelled', at(31), { build: name('ci.yml', OTHER), error: WITHDRAWN }),
        publish('cancelled', at(31) + 1, { error: WITHDRAWN }),
        forgets(7)
      ]
    }
  }),
  example('T2.13 a withdrawn right leaves the rights of others, and other knots of the same record, alone', {
    given: [
      ...STARTING,
      put(ALICE, 'app', repo({ name: 'hers' }), at(24), { connection: 1 }),
      put(OWNER, 'lib', repo({ name: 'lib' }), at(25), { connection: 1 })
    ],
    when: [del(ALICE, REPO, 'app', at(30), { connection: 1 }), del(OWNER, REPO, 'lib', at(31), { connection: 1 })],
    then: { effects: [], changes: ['commits', 'counters', 'cursor'] }
  }),
  example('T2.16 a withdrawn right leaves another repository of the owner, and the same one on another knot, alone', {
    given: [
      put(OWNER, 'lib', repo({ knot: 'knot1.example-x.example', name: 'lib' }), at(1)),
      put(ALICE, 'app', repo({ name: 'hers', repoDid: 'did:plc:hers' }), at(1)),
      ...running(),
      comes(trigger({ actor: ALICE, repo: { ...NAMELESS, did: 'did:plc:hers' } }), at(20), { connection: 3, rkey: 'h' }),
      comes(trigger(), at(20), { connection: 3 }),
      filesRead([workflow({ engine: 'x' })], at(21), { number: 2 })
    ],
    when: [del(OWNER, REPO, 'lib', at(30), { connection: 1 })],
    then: { effects: [unsubscribe('knot1.example-x.example', 4)], changes: ['commits', 'counters', 'cursor', 'knots'] }
  }),
  example('T2.14 an account that is set aside has nothing built, and its running builds end', {
    given: STARTING,
    when: [account(OWNER, 'deactivated', at(30), { connection: 1 })],
    then: {
      effects: [
        unsubscribe(K1, 2),
        publish('cancelled', at(31), { error: WITHDRAWN }),
        forgets(4)
      ]
    }
  }),
  example('T2.15 a key that is too long to be a name is refused', {
    given: running(),
    when: [comes(trigger(), at(20), { rkey: 'k'.repeat(81) }), comes(trigger(), at(21), { rkey: 'k'.repeat(80) })],
    then: { effects: [read(1, { rkey: 'k'.repeat(80) })], reports: [refused('rkey', at(20), 'k'.repeat(81))] }
  })
]
