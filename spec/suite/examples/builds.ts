/**
 * Examples of T1–T6: from a trigger to a status that never changes again.
 *
 * The world: the owner's repository `app` on the first knot, which is connection 2; the bridge has been running since second 10.
 * Requests, timers of builds and numbers in the answers count from 1.
 */
import {
  account,
  ALICE,
  at,
  BOB,
  collaborator,
  CONFIG,
  del,
  type Example,
  example,
  type Happening,
  K1,
  K2,
  knotClosed,
  knotFrame,
  knotOpened,
  knotTimer,
  member,
  OWNER,
  put,
  reconnect,
  repo,
  rev,
  started,
  stop,
  subscribe,
  unsubscribe,
  type WrittenConfig,
  type WrittenEffect,
  type WrittenEvent,
  type WrittenReport
} from './support.js'
import { COLLABORATOR, MEMBER, REPO } from '../../../core/index.js'

// ---------------------------------------------------------------------------------------- the world

type Of<T, Tag> = Extract<T, { readonly _tag: Tag }>

type KnotReceived = Of<WrittenEvent, 'KnotReceived'>
type Trigger = Exclude<KnotReceived['trigger'], string | null>
type Push = Of<Trigger['cause'], 'Push'>
type Defined = Of<Of<WrittenEvent, 'WorkflowsRead'>['workflows'][number], 'Defined'>
type Plan = Of<WrittenEffect, 'StartBuild'>['plan']
type Entry = Of<WrittenEffect, 'PublishStatus'>['entry']
type Builds = WrittenConfig['builds']

export const REPO_DID = 'did:plc:app22222222222222222222'
const SHA = 'a'.repeat(40)
export const OLD_SHA = 'b'.repeat(40)
export const ZERO = '0'.repeat(40)
const MAIN = 'refs/heads/main'
/** The key of the trigger, of second 20. */
export const KEY = '3mbd354mf2222'
export const OTHER = '3mbd354pe2222'
const HOUR_MS = 3_600_000

const BUILDS: Builds = { ...CONFIG.builds, providers: ['ci', 'local'] }

export const building = (builds: Partial<Builds> = {}): Partial<WrittenConfig> => ({ builds: { ...BUILDS, ...builds } })

/** The bridge runs with these settings, and has the owner's repository. */
export const running = (builds: Partial<Builds> = {}, config: Partial<WrittenConfig> = {}): ReadonlyArray<Happening> => [
  put(OWNER, 'app', repo({ repoDid: REPO_DID }), at(1)),
  started(at(10), { ...building(builds), ...config }),
  knotOpened(K1, 2, at(11))
]

export const push = (changes: Partial<Push> = {}): Push => ({
  _tag: 'Push',
  changedFiles: null,
  newSha: SHA,
  oldSha: OLD_SHA,
  ref: MAIN,
  skipsCi: false,
  ...changes
})

export const trigger = (changes: Partial<Trigger> = {}): Trigger => ({
  actor: OWNER,
  cause: push(),
  defaultBranch: null,
  kind: 'refUpdate',
  repo: { did: REPO_DID, knot: null, name: null, owner: null },
  // A knot that has said more than older ones do is not waited for.
  shape: changes.kind === 'pipeline' ? null : 'detailed',
  unkept: [],
  workflows: null,
  ...changes
})

interface Frame {
  readonly connection?: number
  readonly created?: string | null
  readonly host?: string
  readonly rkey?: string
}

/** A trigger comes from a knot, stamped when it is received. */
export const comes = (said: Trigger | string, when: number, { connection = 2, created, host = K1, rkey = KEY }: Frame = {}): WrittenEvent => ({
  _tag: 'KnotReceived',
  at: when,
  connection,
  created: created === undefined ? `${String(when)}000` : created,
  host,
  nsid: 'sh.tangled.git.refUpdate',
  rkey,
  trigger: said
})

export const workflow = (changes: Partial<Defined> = {}): Defined => ({
  _tag: 'Defined',
  bytes: 200,
  clone: { depth: 1, skip: false, submodules: false },
  content: '',
  engine: 'tack',
  environment: [],
  name: 'ci.yml',
  steps: [],
  targets: [{ pipeline: 'app', provider: 'ci', settings: [] }],
  when: [],
  ...changes
})

type Read = Of<WrittenEvent, 'WorkflowsRead'>

export const ON_MAIN = { branch: ['main'], event: ['push'], paths: null, tag: [], types: null, unknown: null }
const MISTAKEN = { branch: [], event: ['push'], paths: null, tag: [], types: null, unknown: 'branches' }

export const filesRead = (workflows: Read['workflows'], when: number, changes: Partial<Read> = {}): Read => ({
  _tag: 'WorkflowsRead',
  at: when,
  defaultBranch: null,
  knot: K1,
  number: 1,
  rkey: KEY,
  sources: null,
  unkept: [],
  workflows,
  ...changes
})

export const name = (of = 'ci.yml', rkey = KEY) => ({ knot: K1, rkey, workflow: of })

type Answer = 'BuildAccepted' | 'BuildMissing' | 'CancelHeard'

export const says = (_tag: Answer, number: number, when: number, build = name()): WrittenEvent => {
  switch (_tag) {
    case 'BuildAccepted':
      return { _tag, at: when, build, external: '7', number }
    case 'BuildMissing':
      return missing(number, when, 0, build)
    case 'CancelHeard':
      return { _tag, at: when, build, number }
  }
}

/** The provider does not show the build, and may take so long to show one. */
export const missing = (number: number, when: number, settleMs: number, build = name()): WrittenEvent => ({
  _tag: 'BuildMissing',
  at: when,
  build,
  number,
  settleMs
})

export const refuses = (number: number, when: number, error = 'no such pipeline'): WrittenEvent => ({
  _tag: 'BuildRefused',
  at: when,
  build: name(),
  error,
  number
})

export const wavers = (number: number, when: number, waitMs = 0): WrittenEvent => ({
  _tag: 'BuildUncertain',
  at: when,
  build: name(),
  error: 'no answer',
  number,
  waitMs
})

type Reported = Of<WrittenEvent, 'BuildReported'>

export const reports = (status: Reported['status'], when: number, changes: Partial<Reported> = {}): Reported => ({
  _tag: 'BuildReported',
  at: when,
  build: name(),
  error: null,
  exitCode: null,
  external: '7',
  provider: 'ci',
  status,
  ...changes
})

export const buildTimer = (number: number, when: number): WrittenEvent => ({
  _tag: 'TimerFired',
  at: when,
  timer: { _tag: 'BuildTimer', build: name(), number }
})
export const deadlineTimer = (number: number, when: number): WrittenEvent => ({
  _tag: 'TimerFired',
  at: when,
  timer: { _tag: 'DeadlineTimer', build: name(), number }
})
export const workflowsTimer = (number: number, when: number, rkey = KEY): WrittenEvent => ({
  _tag: 'TimerFired',
  at: when,
  timer: { _tag: 'WorkflowsTimer', knot: K1, number, rkey }
})
export const cancel = (when: number, of: string | null = null, rkey = KEY): WrittenEvent => ({
  _tag: 'CancelRequested',
  at: when,
  knot: K1,
  rkey,
  workflow: of
})
export const retry = (when: number, of: string | null = null, rkey = KEY): WrittenEvent => ({
  _tag: 'RetryRequested',
  at: when,
  knot: K1,
  rkey,
  workflow: of
})

// ---------------------------------------------------------------------------------------- what follows

export const WITHDRAWN = 'The repository does not name this spindle any more, or its owner is not a member any more.'

type Reading = Of<WrittenEffect, 'ReadWorkflows'>

export const REPOSITORY: Plan['repository'] = { did: REPO_DID, name: 'app', owner: OWNER, rkey: 'app' }

export const read = (number: number, changes: Partial<Reading> = {}): Reading => ({
  _tag: 'ReadWorkflows',
  knot: K1,
  number,
  repository: REPOSITORY,
  rkey: KEY,
  sha: SHA,
  workflows: null,
  ...changes
})

export const variables = (rkey = KEY): Plan['variables'] => [
  ['CI', 'true'],
  ['TANGLED_COMMIT_SHA', SHA],
  ['TANGLED_PIPELINE_ID', `at://did:web:${K1}/sh.tangled.pipeline/${rkey}`],
  ['TANGLED_PIPELINE_KIND', 'push'],
  ['TANGLED_REF', MAIN],
  ['TANGLED_REF_NAME', 'main'],
  ['TANGLED_REF_TYPE', 'branch'],
  ['TANGLED_REPO_DID', OWNER],
  ['TANGLED_REPO_KNOT', K1],
  ['TANGLED_REPO_NAME', 'app'],
  ['TANGLED_REPO_REPO_DID', REPO_DID],
  ['TANGLED_REPO_URL', `https://${K1}/${OWNER}/app`],
  ['TANGLED_SHA', SHA]
]

export const plan = (changes: Partial<Plan> = {}): Plan => ({
  clone: { depth: 1, skip: false, submodules: false },
  pipeline: 'app',
  provider: 'ci',
  ref: MAIN,
  repository: REPOSITORY,
  settings: [],
  sha: SHA,
  steps: [],
  variables: variables(),
  ...changes
})

export const start = (number: number, build = name(), planned = plan()): WrittenEffect => ({ _tag: 'StartBuild', build, number, plan: planned })
export const find = (number: number, build = name()): WrittenEffect => ({ _tag: 'FindBuild', build, number, plan: plan() })
export const follow = (build = name()): WrittenEffect => ({ _tag: 'FollowBuild', build, external: '7', plan: plan() })
export const unfollow = (build = name()): WrittenEffect => ({ _tag: 'UnfollowBuild', build })
export const askToEnd = (number: number, build = name()): WrittenEffect => ({ _tag: 'CancelBuild', build, external: '7', number, plan: plan() })

type Announced = Of<WrittenEffect, 'PublishPipeline'>['entry']

/** A workflow as it is announced. */
export const shown = (of = 'ci.yml', changes: Partial<Announced['workflows'][number]> = {}): Announced['workflows'][number] => ({
  clone: { depth: 1, skip: false, submodules: false },
  engine: 'tack',
  name: of,
  text: '',
  ...changes
})

/** The same of a file that is not understood. */
const unread = (of: string, text = ''): Announced['workflows'][number] =>
  shown(of, { clone: { depth: 0, skip: false, submodules: false }, engine: '', text })

/** A run is announced, a moment before its first status. */
export const announce = (firstUs: number, workflows = [shown()], changes: Partial<Announced> = {}): WrittenEffect => ({
  _tag: 'PublishPipeline',
  entry: {
    cause: push(),
    createdUs: firstUs - 1,
    defaultBranch: null,
    knot: K1,
    repository: REPOSITORY,
    rkey: KEY,
    workflows,
    ...changes
  }
})

export const publish = (status: Entry['status'], createdUs: number, changes: Partial<Entry> = {}): WrittenEffect => ({
  _tag: 'PublishStatus',
  entry: { build: name(), createdUs, error: null, exitCode: null, status, ...changes }
})

export const deadline = (number: number, ms: number, build = name()): WrittenEffect => ({
  _tag: 'WakeAfter',
  highMs: ms,
  lowMs: ms,
  timer: { _tag: 'DeadlineTimer', build, number }
})

/** A pause after which a provider is asked again. */
export const pause = (number: number, lowMs: number, highMs: number): WrittenEffect => ({
  _tag: 'WakeAfter',
  highMs,
  lowMs,
  timer: { _tag: 'BuildTimer', build: name(), number }
})

export const pendingMs = BUILDS.pendingMs
const runningMs = BUILDS.runningMs

/** What a run of one workflow for a provider comes to: it is announced, pending, has a limit to that, and is asked for. */
export const begins = (createdUs: number, timer: number, request: number): ReadonlyArray<WrittenEffect> => [
  announce(createdUs),
  publish('pending', createdUs),
  deadline(timer, pendingMs),
  start(request)
]

type Ignored = Of<WrittenReport, 'TriggerIgnored'>

export const ignored = (reason: Ignored['reason'], when: number, rkey = KEY): WrittenReport => ({
  _tag: 'TriggerIgnored',
  at: when,
  knot: K1,
  reason,
  rkey
})
export const refused = (reason: Of<WrittenReport, 'TriggerRefused'>['reason'], when: number, rkey = KEY): WrittenReport => ({
  _tag: 'TriggerRefused',
  at: when,
  knot: K1,
  reason,
  rkey
})
const dropped = (reason: Of<WrittenReport, 'WorkflowDropped'>['reason'], when: number, of = 'ci.yml'): WrittenReport => ({
  _tag: 'WorkflowDropped',
  at: when,
  build: name(of),
  reason
})
const unnamed = (name: string, when: number): WrittenReport => ({ _tag: 'WorkflowNameRefused', at: when, knot: K1, name, rkey: KEY })

/** What a run of this push leaves for what two workflows say, in bytes: 1 MiB, less what it is itself, and what is set aside for it and for each build. */
const ROOM = 1_027_414
const NO_ROOM = 'The workflows of this trigger come to more than 1,048,576 bytes, and there is no room left for this one.'
/** Those of a build that was asked for by hand. */
const variablesByHand = (...inputs: Plan['variables']): Plan['variables'] => [
  ...variables().slice(0, 2),
  ...inputs,
  ...variables().slice(2, 3),
  ['TANGLED_PIPELINE_KIND', 'manual'],
  ...variables().slice(4)
]
export const uncertain = (when: number): WrittenReport => ({ _tag: 'ProviderUncertain', at: when, build: name(), provider: 'ci' })

/** A push came, its workflow is known, and the provider is asked to start the build, under number 3. */
export const STARTING: ReadonlyArray<Happening> = [...running(), comes(trigger(), at(20)), filesRead([workflow()], at(21))]
/** And has taken it on. */
export const FOLLOWING: ReadonlyArray<Happening> = [...STARTING, says('BuildAccepted', 3, at(22))]
/** And runs it. */
export const RUNNING: ReadonlyArray<Happening> = [...FOLLOWING, reports('running', at(23))]
export const DONE: ReadonlyArray<Happening> = [...RUNNING, reports('success', at(24))]

/** The push waits for its pipeline. */
export const waits = (number: number, rkey = KEY): WrittenEffect => ({
  _tag: 'WakeAfter',
  highMs: 5_000,
  lowMs: 5_000,
  timer: { _tag: 'PushTimer', knot: K1, number, rkey }
})

export const pushTimer = (number: number, when: number, rkey = KEY): WrittenEvent => ({
  _tag: 'TimerFired',
  at: when,
  timer: { _tag: 'PushTimer', knot: K1, number, rkey }
})

/** The same push as `trigger`, told of by a pipeline. */
export const pipeline = (changes: Partial<Trigger> = {}): Trigger =>
  trigger({ actor: null, kind: 'pipeline', repo: { did: null, knot: K1, name: 'app', owner: OWNER }, workflows: [], ...changes })

const TAGGED = push({ oldSha: ZERO, ref: 'refs/tags/v1' })
export const LATER = push({ newSha: 'c'.repeat(40), oldSha: SHA })

/** The knot has sent a pipeline of a push, and what a newer one says of a push, both of somebody else's repository. */
const PIPES: ReadonlyArray<Happening> = [comes(pipeline({ repo: { did: 'did:plc:else', knot: K1, name: null, owner: null } }), at(12), { rkey: 'else' })]
const DETAILS: ReadonlyArray<Happening> = [comes(trigger({ repo: { did: 'did:plc:else', knot: null, name: null, owner: null } }), at(13), { rkey: 'else' })]

/** What a knot may be known to have sent. */
const KNOWN: ReadonlyArray<readonly [string, ReadonlyArray<Happening>]> = [
  ['nothing', []],
  ['pipelines', PIPES],
  ['details', DETAILS],
  ['both', [...PIPES, ...DETAILS]]
]

const named = (changes: Partial<Trigger> = {}): Trigger => trigger({ shape: 'named', ...changes })
const bare = (changes: Partial<Trigger> = {}): Trigger =>
  trigger({ repo: { did: null, knot: null, name: 'app', owner: OWNER }, shape: 'bare', ...changes })

/** The pipeline of the push comes under this key. */
const PIPED = 'p'
const readPiped = (number: number) => read(number, { rkey: PIPED, workflows: [] })

/** What is remembered of the knot goes after so long. */
export const forgets = (number: number, ms = 300_000): WrittenEffect => ({
  _tag: 'WakeAfter',
  highMs: ms,
  lowMs: ms,
  timer: { _tag: 'SourceTimer', knot: K1, number }
})

const sourceTimer = (number: number, when: number): WrittenEvent => ({ _tag: 'TimerFired', at: when, timer: { _tag: 'SourceTimer', knot: K1, number } })

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
    then: { effects: [reconnect(K1, 3, `${String(at(20) - 1)}999`), waits(2), read(3)] }
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

export const NAMELESS = { did: null, knot: null, name: null, owner: null }

export const BUILDS_EXAMPLES: ReadonlyArray<Example> = [
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
      { ...wavers(4, at(22)), build: name('ci.yml', OTHER) } as WrittenEvent,
      { _tag: 'TimerFired', at: at(23), timer: { _tag: 'BuildTimer', build: name('ci.yml', OTHER), number: 5 } },
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
      says('CancelHeard', 5, at(33))
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
  }),

  // ---------------------------------------------------------------------------------------- T3
  example('T3.1 a workflow that applies becomes one build at the provider it names', {
    given: [...running(), comes(trigger(), at(20))],
    when: [filesRead([workflow()], at(21))],
    then: { effects: begins(at(21), 2, 3), changes: ['builds'] }
  }),
  example('T3.2 each workflow becomes its own build, in the order of their names; of two with one name the first counts', {
    given: [...running(), comes(trigger(), at(20))],
    when: [filesRead([workflow({ name: 'b' }), workflow({ name: 'a' }), workflow({ engine: 'other', name: 'b' })], at(21))],
    then: {
      effects: [
        announce(at(21), [shown('a'), shown('b')]),
        publish('pending', at(21), { build: name('a') }),
        deadline(2, pendingMs, name('a')),
        start(3, name('a')),
        publish('pending', at(21) + 1, { build: name('b') }),
        deadline(4, pendingMs, name('b')),
        start(5, name('b'))
      ]
    }
  }),
  example('T3.3 a push passes on its variables to the workflow and its provider', {
    given: [...running(), comes(trigger({ defaultBranch: 'trunk' }), at(20))],
    when: [
      filesRead(
        [
          workflow({
            clone: { depth: 5, skip: true, submodules: true },
            environment: [
              ['A', '1'],
              ['CI', 'false'],
              ['TANGLED_SHA', 'mine']
            ],
            steps: [
              {
                command: 'make',
                environment: [
                  ['B', '2'],
                  ['TACK_X', '3']
                ],
                name: 'build'
              }
            ],
            targets: [{ pipeline: 'p', provider: 'local', settings: [['s', 't']] }]
          })
        ],
        at(21),
        { defaultBranch: 'main' }
      )
    ],
    then: {
      effects: [
        announce(at(21), [shown('ci.yml', { clone: { depth: 5, skip: true, submodules: true } })], { defaultBranch: 'main' }),
        publish('pending', at(21)),
        deadline(2, pendingMs),
        start(
          3,
          name(),
          plan({
            clone: { depth: 5, skip: true, submodules: true },
            pipeline: 'p',
            provider: 'local',
            settings: [['s', 't']],
            steps: [{ command: 'make', environment: [['B', '2']], name: 'build' }],
            variables: [['A', '1'], ...variables().slice(0, 7), ['TANGLED_REPO_DEFAULT_BRANCH', 'main'], ...variables().slice(7)]
          })
        )
      ]
    }
  }),
  example('T3.4 a pull request and a manual run pass on their variables', {
    given: [
      ...running(),
      comes(trigger({ cause: { _tag: 'PullRequest', action: 'opened', sourceBranch: 'x', sourceSha: OLD_SHA, targetBranch: 'main' }, kind: 'pipeline' }), at(20)),
      comes(trigger({ cause: { _tag: 'Manual', inputs: [['k', 'v']], ref: 'refs/tags/v1', sha: SHA }, kind: 'pipeline' }), at(20), { rkey: 'm' })
    ],
    when: [
      filesRead([workflow({ when: [{ branch: ['main'], event: ['pull_request'], paths: null, tag: [], types: null, unknown: null }] })], at(21)),
      filesRead([workflow({ when: [{ branch: ['x'], event: ['push'], paths: null, tag: [], types: null, unknown: null }] })], at(22), { number: 2, rkey: 'm' })
    ],
    then: {
      effects: [
        announce(at(21), [shown()], { cause: { _tag: 'PullRequest', action: 'opened', sourceBranch: 'x', sourceSha: OLD_SHA, targetBranch: 'main' } }),
        publish('pending', at(21)),
        deadline(3, pendingMs),
        start(
          4,
          name(),
          plan({
            ref: 'refs/heads/x',
            sha: OLD_SHA,
            variables: [
              ['CI', 'true'],
              ['TANGLED_COMMIT_SHA', OLD_SHA],
              ['TANGLED_PIPELINE_ID', `at://did:web:${K1}/sh.tangled.pipeline/${KEY}`],
              ['TANGLED_PIPELINE_KIND', 'pull_request'],
              ['TANGLED_PR_ACTION', 'opened'],
              ['TANGLED_PR_SOURCE_BRANCH', 'x'],
              ['TANGLED_PR_SOURCE_SHA', OLD_SHA],
              ['TANGLED_PR_TARGET_BRANCH', 'main'],
              ['TANGLED_REF', 'refs/heads/x'],
              ['TANGLED_REF_NAME', 'x'],
              ['TANGLED_REF_TYPE', 'branch'],
              ...variables().slice(7, 12),
              ['TANGLED_SHA', OLD_SHA]
            ]
          })
        ),
        announce(at(22), [shown()], { cause: { _tag: 'Manual', inputs: [['k', 'v']], ref: 'refs/tags/v1', sha: SHA }, rkey: 'm' }),
        publish('pending', at(22), { build: name('ci.yml', 'm') }),
        deadline(5, pendingMs, name('ci.yml', 'm')),
        start(
          6,
          name('ci.yml', 'm'),
          plan({
            ref: 'refs/tags/v1',
            variables: [
              ['CI', 'true'],
              ['TANGLED_COMMIT_SHA', SHA],
              ['TANGLED_INPUT_K', 'v'],
              ['TANGLED_PIPELINE_ID', `at://did:web:${K1}/sh.tangled.pipeline/m`],
              ['TANGLED_PIPELINE_KIND', 'manual'],
              ['TANGLED_REF', 'refs/tags/v1'],
              ['TANGLED_REF_NAME', 'v1'],
              ['TANGLED_REF_TYPE', 'tag'],
              ...variables().slice(7)
            ]
          })
        )
      ]
    }
  }),
  example('T3.5 a workflow that does not apply is not built; with none left, the trigger is spent', {
    given: [...running(), comes(trigger(), at(20))],
    when: [filesRead([workflow({ when: [{ branch: ['release'], event: ['push'], paths: null, tag: [], types: null, unknown: null }] })], at(21)), comes(trigger(), at(22))],
    then: { effects: [], reports: [ignored('workflows', at(21)), ignored('before', at(22))] }
  }),
  example('T3.6 a bad pattern, or no engine, drops the workflow with a word to the operator', {
    given: [...running(), comes(trigger(), at(20))],
    when: [
      filesRead(
        [
          workflow({ name: 'a', when: [{ branch: ['['], event: ['push'], paths: null, tag: [], types: null, unknown: null }] }),
          workflow({ engine: null, name: 'b' }),
          workflow({ name: 'c' })
        ],
        at(21)
      )
    ],
    then: {
      effects: [announce(at(21), [shown('c')]), publish('pending', at(21), { build: name('c') }), deadline(2, pendingMs, name('c')), start(3, name('c'))],
      reports: [dropped('when', at(21), 'a'), dropped('engine', at(21), 'b')]
    }
  }),
  example('T3.7 an engine that is not needed is not checked', {
    given: [...running(), comes(trigger(), at(20))],
    when: [filesRead([workflow({ engine: null, when: [{ branch: ['x'], event: ['push'], paths: null, tag: [], types: null, unknown: null }] })], at(21))],
    then: { effects: [], reports: [ignored('workflows', at(21))] }
  }),
  ...(
    [
      ['T3.8 a file that cannot be understood', { _tag: 'Faulty', content: '', error: 'line 3: not YAML', name: 'ci.yml', when: null }, 'line 3: not YAML', unread('ci.yml')],
      ['T3.9 a workflow of another engine', workflow({ engine: 'nixery' }), 'This spindle builds workflows of engine "tack", and this one names "nixery".', shown('ci.yml', { engine: 'nixery' })],
      [
        'T3.10 a workflow without a provider',
        workflow({ targets: [] }),
        'The workflow names no provider: it needs a block like "tack: { buildkite: { pipeline: my-pipeline } }".',
        shown()
      ],
      [
        'T3.11 a workflow with several providers',
        workflow({
          targets: [
            { pipeline: 'a', provider: 'ci', settings: [] },
            { pipeline: 'b', provider: 'local', settings: [] }
          ]
        }),
        'The workflow names several providers: ci, local. One is needed.',
        shown()
      ],
      [
        'T3.12 a workflow of an unknown provider',
        workflow({ targets: [{ pipeline: 'a', provider: 'x', settings: [] }] }),
        'There is no provider "x" here. There are: ci, local.',
        shown()
      ]
    ] as const
  ).map(([title, file, error, told]) =>
    example(`${title} fails the build, with a sentence for its author`, {
      given: [...running(), comes(trigger(), at(20))],
      when: [filesRead([file], at(21))],
      then: { effects: [announce(at(21), [told]), publish('failed', at(21), { error })] }
    })
  ),
  example('T3.13 a failed build says that no providers are configured', {
    given: [...running({ providers: [] }), comes(trigger(), at(20))],
    when: [filesRead([workflow()], at(21))],
    then: { effects: [announce(at(21)), publish('failed', at(21), { error: 'There is no provider "ci" here. There are: none.' })] }
  }),
  example('T3.14 repositories other than the owner’s have built only what the operator’s list allows', {
    given: [
      put(ALICE, 'x', repo({ name: 'x', repoDid: 'did:plc:x' }), at(1)),
      ...running({
        allow: [
          { pipelines: 'deploy', provider: 'ci', repos: `${ALICE}/*` },
          { pipelines: 'app', provider: 'local', repos: `${ALICE}/*` },
          { pipelines: 'app', provider: 'ci', repos: `${BOB}/*` },
          { pipelines: '[', provider: 'ci', repos: '**' }
        ]
      }),
      comes(trigger({ actor: ALICE, repo: { ...NAMELESS, did: 'did:plc:x' } }), at(20))
    ],
    when: [filesRead([workflow()], at(21))],
    then: {
      effects: [
        announce(at(21), [shown()], { repository: { did: 'did:plc:x', name: 'x', owner: ALICE, rkey: 'x' } }),
        publish('failed', at(21), {
          error: `The operator of this spindle does not let ${ALICE}/x use pipeline "app" of provider "ci".`
        })
      ]
    }
  }),
  example('T3.31 an allow-list that takes too long to be searched says so', {
    given: [
      put(ALICE, 'x', repo({ name: 'x', repoDid: 'did:plc:x' }), at(1)),
      // Each line is tried on every character of the name: 16 000.
      ...running({
        allow: [...Array.from({ length: 200 }, () => ({ pipelines: '**z', provider: 'ci', repos: '**' })), { pipelines: '**', provider: 'ci', repos: '**' }]
      }),
      comes(trigger({ actor: ALICE, repo: { ...NAMELESS, did: 'did:plc:x' } }), at(20))
    ],
    when: [filesRead([workflow({ targets: [{ pipeline: 'x'.repeat(4_000), provider: 'ci', settings: [] }] })], at(21))],
    then: {
      effects: [
        announce(at(21), [shown()], { repository: { did: 'did:plc:x', name: 'x', owner: ALICE, rkey: 'x' } }),
        publish('failed', at(21), {
          error: `It takes too long to find out whether the operator of this spindle lets ${ALICE}/x use pipeline "${'x'.repeat(1_000)}`.slice(0, 1_000).concat('…')
        })
      ]
    }
  }),
  example('T3.32 an error in the rest of a file goes unreported where the workflow does not apply', {
    given: [...running(), comes(trigger(), at(20))],
    when: [
      filesRead(
        [
          { _tag: 'Faulty', content: '1', error: 'steps is not a list', name: 'a', when: [{ ...ON_MAIN, branch: ['other'] }] },
          { _tag: 'Faulty', content: '2', error: 'tack is not a map', name: 'b', when: [ON_MAIN] },
          workflow({ engine: 'nixery', name: 'c', when: [{ ...ON_MAIN, branch: ['other'] }] })
        ],
        at(21)
      )
    ],
    then: { effects: [announce(at(21), [unread('b')]), publish('failed', at(21), { build: name('b'), error: 'tack is not a map' })] }
  }),
  example('T3.33 a meaningless key, by which a workflow never applies, fails once for each content of the file', {
    given: [
      ...running(),
      comes(trigger(), at(20)),
      filesRead([workflow({ content: 'one', when: [MISTAKEN] }), workflow({ name: 'good.yml' })], at(21)),
      comes(trigger(), at(22), { rkey: OTHER }),
      filesRead([workflow({ content: 'one', when: [MISTAKEN] })], at(23), { number: 4, rkey: OTHER }),
      comes(trigger(), at(24), { rkey: '3mbd3562k2222' })
    ],
    when: [filesRead([workflow({ content: 'two', when: [MISTAKEN] })], at(25), { number: 5, rkey: '3mbd3562k2222' })],
    then: {
      effects: [
        announce(at(25), [shown()], { rkey: '3mbd3562k2222' }),
        publish('failed', at(25), {
          build: name('ci.yml', '3mbd3562k2222'),
          error: 'when[0] has a key that means nothing, "branches", and so this never applies. Is "branch" meant?'
        })
      ]
    }
  }),
  example('T3.34 a meaningless key leads to nothing more than its failed status', {
    given: [
      ...running(),
      comes(trigger(), at(20)),
      filesRead([workflow({ content: 'one', when: [MISTAKEN] })], at(21)),
      comes(trigger(), at(22), { rkey: OTHER })
    ],
    when: [filesRead([workflow({ content: 'one', when: [MISTAKEN] })], at(23), { number: 2, rkey: OTHER })],
    then: { effects: [], reports: [ignored('workflows', at(23), OTHER)] }
  }),
  example('T3.15 a line that fits repository, provider and pipeline allows the build', {
    given: [
      put(ALICE, 'x', repo({ name: 'x', repoDid: 'did:plc:x' }), at(1)),
      ...running({ allow: [{ pipelines: 'a*', provider: 'ci', repos: `${ALICE}/*` }] }),
      comes(trigger({ actor: ALICE, repo: { ...NAMELESS, did: 'did:plc:x' } }), at(20))
    ],
    when: [filesRead([workflow({ engine: 'tack' })], at(21))],
    then: {
      effects: [
        announce(at(21), [shown()], { repository: { did: 'did:plc:x', name: 'x', owner: ALICE, rkey: 'x' } }),
        publish('pending', at(21)),
        deadline(2, pendingMs),
        start(
          3,
          name(),
          plan({
            repository: { did: 'did:plc:x', name: 'x', owner: ALICE, rkey: 'x' },
            variables: [
              ...variables().slice(0, 7),
              ['TANGLED_REPO_DID', ALICE],
              ['TANGLED_REPO_KNOT', K1],
              ['TANGLED_REPO_NAME', 'x'],
              ['TANGLED_REPO_REPO_DID', 'did:plc:x'],
              ['TANGLED_REPO_URL', `https://${K1}/${ALICE}/x`],
              ['TANGLED_SHA', SHA]
            ]
          })
        )
      ]
    }
  }),
  example('T3.16 the first fifty of more than fifty workflows are built', {
    given: [...running(), comes(trigger(), at(20))],
    when: [
      filesRead(
        Array.from({ length: 51 }, (_, i) => ({ _tag: 'Faulty' as const, content: '', error: 'x', name: `w${String(i).padStart(2, '0')}`, when: null })),
        at(21)
      )
    ],
    then: {
      effects: [
        announce(at(21), Array.from({ length: 50 }, (_, i) => unread(`w${String(i).padStart(2, '0')}`))),
        ...Array.from({ length: 50 }, (_, i) => publish('failed', at(21) + i, { build: name(`w${String(i).padStart(2, '0')}`), error: 'x' }))
      ],
      reports: [dropped('limit', at(21), 'w50')]
    }
  }),
  example('T3.35 the workflow that takes the last room of its run is built, and the next one fails', {
    given: [...running(), comes(trigger(), at(20))],
    when: [filesRead([workflow({ bytes: ROOM, name: 'a' }), workflow({ bytes: 1, name: 'b' })], at(21))],
    then: {
      effects: [
        announce(at(21), [shown('a'), shown('b')]),
        publish('pending', at(21), { build: name('a') }),
        deadline(2, pendingMs, name('a')),
        start(3, name('a')),
        publish('failed', at(21) + 1, { build: name('b'), error: NO_ROOM })
      ],
      reports: [dropped('limit', at(21), 'b')]
    }
  }),
  example('T3.36 a workflow that finds no room leaves it to those after it', {
    given: [...running(), comes(trigger(), at(20))],
    when: [filesRead([workflow({ bytes: ROOM + 1, name: 'a' }), workflow({ bytes: ROOM, name: 'b' })], at(21))],
    then: {
      effects: [
        announce(at(21), [shown('a'), shown('b')]),
        publish('failed', at(21), { build: name('a'), error: NO_ROOM }),
        publish('pending', at(21) + 1, { build: name('b') }),
        deadline(2, pendingMs, name('b')),
        start(3, name('b'))
      ],
      reports: [dropped('limit', at(21), 'a')]
    }
  }),
  example('T3.37 inputs take room of a run once, however many workflows there are', {
    given: [
      ...running(),
      comes(trigger({ cause: { _tag: 'Manual', inputs: [['k', 'x'.repeat(65_535)]], ref: MAIN, sha: SHA }, kind: 'pipeline', workflows: [] }), at(20))
    ],
    when: [filesRead([workflow({ bytes: ROOM - 65_000, name: 'a' }), workflow({ bytes: 200, name: 'b' })], at(21))],
    then: {
      effects: [
        announce(at(21), [shown('a'), shown('b')], { cause: { _tag: 'Manual', inputs: [['k', 'x'.repeat(65_535)]], ref: MAIN, sha: SHA } }),
        publish('failed', at(21), { build: name('a'), error: NO_ROOM }),
        publish('pending', at(21) + 1, { build: name('b') }),
        deadline(2, pendingMs, name('b')),
        start(3, name('b'), plan({ variables: variablesByHand(['TANGLED_INPUT_K', 'x'.repeat(65_535)]) }))
      ],
      reports: [dropped('limit', at(21), 'a')]
    }
  }),
  example('T3.38 a workflow that does not apply, or is no build for a provider, takes no room', {
    given: [...running(), comes(trigger(), at(20))],
    when: [
      filesRead(
        [
          workflow({ bytes: ROOM, name: 'a', when: [{ branch: ['x'], event: ['push'], paths: null, tag: [], types: null, unknown: null }] }),
          workflow({ bytes: ROOM, name: 'b', targets: [] }),
          workflow({ bytes: ROOM, name: 'c' })
        ],
        at(21)
      )
    ],
    then: {
      effects: [
        announce(at(21), [shown('b'), shown('c')]),
        publish('failed', at(21), { build: name('b'), error: 'The workflow names no provider: it needs a block like "tack: { buildkite: { pipeline: my-pipeline } }".' }),
        publish('pending', at(21) + 1, { build: name('c') }),
        deadline(2, pendingMs, name('c')),
        start(3, name('c'))
      ]
    }
  }),
  example('T3.39 the name of a workflow file that cannot be kept is reported, and the other files are read', {
    given: running(),
    when: [comes(trigger({ kind: 'pipeline', unkept: ['../ci.yml', ''], workflows: [{ name: 'ci.yml', text: '' }] }), at(20))],
    then: {
      effects: [read(1, { workflows: [{ name: 'ci.yml', text: '' }] })],
      reports: [unnamed('../ci.yml', at(20)), unnamed('', at(20))]
    }
  }),
  example('T3.40 the name of a workflow file that cannot be kept is reported once, also where its trigger comes again', {
    given: [...running(), comes(trigger({ kind: 'pipeline', unkept: ['../ci.yml'], workflows: [] }), at(20))],
    when: [comes(trigger({ kind: 'pipeline', unkept: ['../ci.yml'], workflows: [] }), at(30))],
    then: {}
  }),
  example('T3.41 the name of a file in the repository that cannot be kept is reported, also where nothing else comes of the trigger', {
    given: [...running(), comes(trigger(), at(20))],
    when: [filesRead([], at(21), { unkept: ['a\\b.yml'] })],
    then: { effects: [], reports: [unnamed('a\\b.yml', at(21)), ignored('workflows', at(21))] }
  }),
  example('T3.17 files that cannot be read are tried again, after growing pauses', {
    given: [...running(), comes(trigger(), at(20))],
    when: [
      { _tag: 'WorkflowsUnread', at: at(21), error: 'no answer', isFinal: false, knot: K1, number: 1, rkey: KEY },
      workflowsTimer(2, at(23)),
      { _tag: 'WorkflowsUnread', at: at(24), error: 'no answer', isFinal: false, knot: K1, number: 3, rkey: KEY }
    ],
    then: {
      effects: [
        { _tag: 'WakeAfter', highMs: 2_000, lowMs: 1_000, timer: { _tag: 'WorkflowsTimer', knot: K1, number: 2, rkey: KEY } },
        read(3),
        { _tag: 'WakeAfter', highMs: 4_000, lowMs: 2_000, timer: { _tag: 'WorkflowsTimer', knot: K1, number: 4, rkey: KEY } }
      ]
    }
  }),
  example('T3.22 files that cannot be read are tried up to thirty times', {
    given: [
      ...running(),
      comes(trigger(), at(20)),
      ...Array.from({ length: 30 }, (_, i): ReadonlyArray<WrittenEvent> => [
        { _tag: 'WorkflowsUnread', at: at(30 + i), error: 'no answer', isFinal: false, knot: K1, number: 1 + 2 * i, rkey: KEY },
        workflowsTimer(2 + 2 * i, at(30 + i))
      ]).flat()
    ],
    when: [{ _tag: 'WorkflowsUnread', at: at(100), error: 'no answer', isFinal: false, knot: K1, number: 61, rkey: KEY }],
    then: { effects: [], reports: [{ _tag: 'WorkflowsUnread', at: at(100), knot: K1, rkey: KEY }] }
  }),
  example('T3.18 a missing commit is doubted for a minute: a knot may report it before it serves it', {
    given: [
      ...running(),
      comes(trigger(), at(20)),
      ...Array.from({ length: 5 }, (_, i): ReadonlyArray<WrittenEvent> => [
        { _tag: 'WorkflowsUnread', at: at(30 + i), error: 'not there', isFinal: true, knot: K1, number: 1 + 2 * i, rkey: KEY },
        workflowsTimer(2 + 2 * i, at(30 + i))
      ]).flat()
    ],
    when: [
      { _tag: 'WorkflowsUnread', at: at(90), error: 'not there', isFinal: true, knot: K1, number: 11, rkey: KEY },
      filesRead([workflow()], at(91), { number: 11 }),
      comes(trigger(), at(92))
    ],
    then: { effects: [], reports: [{ _tag: 'WorkflowsUnread', at: at(90), knot: K1, rkey: KEY }, ignored('before', at(92))] }
  }),
  example('T3.19 an answer about files that nobody waits for changes nothing', {
    given: [...running(), comes(trigger(), at(20))],
    when: [
      filesRead([workflow()], at(21), { number: 2 }),
      filesRead([workflow()], at(21), { rkey: OTHER }),
      { _tag: 'WorkflowsUnread', at: at(21), error: '', isFinal: true, knot: K1, number: 2, rkey: KEY },
      { _tag: 'WorkflowsUnread', at: at(21), error: '', isFinal: true, knot: K1, number: 1, rkey: OTHER },
      workflowsTimer(1, at(22)),
      workflowsTimer(1, at(22), OTHER)
    ],
    then: { effects: [], changes: [] }
  }),
  example('T3.20 the files that a push changed decide together with the other conditions', {
    given: [...running(), comes(trigger({ cause: push({ changedFiles: ['docs/a.md'] }) }), at(20))],
    when: [
      filesRead(
        [
          workflow({ name: 'a', when: [{ branch: ['main'], event: ['push'], paths: ['src/**'], tag: [], types: null, unknown: null }] }),
          { _tag: 'Faulty', content: '', error: 'x', name: 'b', when: null }
        ],
        at(21)
      )
    ],
    then: { effects: [announce(at(21), [unread('b')]), publish('failed', at(21), { build: name('b'), error: 'x' })] }
  }),

  example('T3.21 the changed files do not decide for a ready-made pipeline: the knot, which knew them, has chosen', {
    given: [...running(), comes(trigger({ kind: 'pipeline', workflows: [] }), at(20))],
    when: [
      filesRead(
        [
          workflow({ when: [{ branch: ['main'], event: ['push'], paths: ['src/**'], tag: [], types: null, unknown: null }] }),
          workflow({ name: 'd', when: [{ branch: ['x'], event: ['push'], paths: null, tag: [], types: null, unknown: null }] })
        ],
        at(21)
      )
    ],
    then: { effects: begins(at(21), 2, 3) }
  }),

  // ---------------------------------------------------------------------------------------- T4
  example('T4.1 a build that its provider accepts is followed', {
    given: STARTING,
    when: [says('BuildAccepted', 3, at(22))],
    then: { effects: [follow()], changes: ['builds'] }
  }),
  example('T4.2 each status that a provider reports is published once', {
    given: FOLLOWING,
    when: [
      reports('pending', at(23)),
      reports('running', at(24)),
      reports('running', at(25)),
      reports('failed', at(26), { error: 'tests failed', exitCode: 2 })
    ],
    then: {
      effects: [publish('running', at(24)), deadline(4, runningMs), publish('failed', at(26), { error: 'tests failed', exitCode: 2 }), unfollow()]
    }
  }),
  ...(['success', 'failed', 'timeout', 'cancelled'] as const).map((status, i) =>
    example(`T4.${String(3 + i)} ${status} is final: late, doubled and other reports change nothing`, {
      given: [...RUNNING, reports(status, at(24))],
      when: [
        reports('pending', at(25)),
        reports('running', at(25)),
        reports('success', at(25)),
        reports('failed', at(25)),
        reports('timeout', at(25)),
        reports('cancelled', at(25)),
        deadlineTimer(4, at(26)),
        cancel(at(27))
      ],
      then: { effects: [], changes: [] }
    })
  ),
  example('T4.7 a build may end without ever having been seen running', {
    given: FOLLOWING,
    when: [reports('success', at(23))],
    then: { effects: [publish('success', at(23)), unfollow()] }
  }),
  example('T4.8 stamps rise, even if the clock is set back', {
    given: FOLLOWING,
    when: [reports('running', at(5)), reports('success', at(6))],
    then: { effects: [publish('running', at(21) + 1), deadline(4, runningMs), publish('success', at(21) + 2), unfollow()] }
  }),
  example('T4.9 only a build’s own provider may report on it, and only under the name that we know', {
    given: FOLLOWING,
    when: [reports('failed', at(23), { provider: 'local' }), reports('failed', at(24), { external: '8' })],
    then: { effects: [], reports: [{ _tag: 'ReportRefused', at: at(23), build: name(), provider: 'local' }] }
  }),
  example('T4.10 a report on an unknown build, or on one that never had a provider, changes nothing', {
    given: [...running(), comes(trigger(), at(20)), filesRead([workflow({ engine: 'x' }), workflow({ name: 'b' })], at(21))],
    when: [reports('success', at(23)), reports('success', at(23), { build: name('c') }), reports('success', at(23), { build: name('b', OTHER) })],
    then: { effects: [], changes: [] }
  }),
  example('T4.11 a build that its provider refuses has failed, with the provider’s reason', {
    given: STARTING,
    when: [refuses(3, at(22)), refuses(3, at(23))],
    then: { effects: [publish('failed', at(22), { error: 'no such pipeline' })] }
  }),
  example('T4.12 a build that is not begun in time is over, and cancelled at its provider', {
    given: FOLLOWING,
    when: [deadlineTimer(2, at(86_420)), says('CancelHeard', 4, at(86_421)), reports('success', at(86_422))],
    then: {
      effects: [publish('timeout', at(86_420), { error: 'The build did not begin within 1440 min.' }), askToEnd(4), unfollow()]
    }
  }),
  example('T4.13 a build that runs for too long is over, and cancelled at its provider', {
    given: RUNNING,
    when: [deadlineTimer(2, at(86_000)), deadlineTimer(4, at(86_420))],
    then: { effects: [publish('timeout', at(86_420), { error: 'The build ran for more than 360 min.' }), askToEnd(5)] }
  }),
  example('T4.14 whoever is entitled can cancel a build', {
    given: RUNNING,
    when: [cancel(at(24), 'ci.yml'), cancel(at(25), 'ci.yml')],
    then: { effects: [publish('cancelled', at(24)), askToEnd(5)] }
  }),
  example('T4.15 a cancel can end all builds of a trigger, even while its files are being read', {
    given: [...running(), comes(trigger(), at(20)), comes(trigger(), at(20), { rkey: OTHER }), filesRead([workflow({ name: 'a' }), workflow({ name: 'b' })], at(21))],
    when: [cancel(at(24)), cancel(at(25), null, OTHER), filesRead([workflow()], at(26), { number: 2, rkey: OTHER }), cancel(at(27), null, 'x'), cancel(at(27), 'x')],
    then: {
      effects: [publish('cancelled', at(24), { build: name('a') }), publish('cancelled', at(24) + 1, { build: name('b') })]
    }
  }),
  example('T4.16 the report that a build has ended settles a cancel, too', {
    given: [...RUNNING, cancel(at(24))],
    when: [reports('running', at(25)), reports('cancelled', at(26)), says('CancelHeard', 5, at(27))],
    then: { effects: [unfollow()] }
  }),
  example('T4.17 a provider that does not acknowledge a cancel is asked again, after growing pauses', {
    given: [...RUNNING, cancel(at(24))],
    when: [wavers(5, at(25)), buildTimer(6, at(26)), wavers(7, at(27)), buildTimer(8, at(30)), says('CancelHeard', 9, at(31))],
    then: {
      effects: [pause(6, 1_000, 2_000), askToEnd(7), pause(8, 2_000, 4_000), askToEnd(9), unfollow()],
      reports: [uncertain(at(25)), uncertain(at(27))]
    }
  }),
  example('T4.18 a build cancelled while it is being started is ended where it turns out to have started', {
    given: [...STARTING, cancel(at(22))],
    when: [says('BuildAccepted', 3, at(23))],
    then: { effects: [askToEnd(4)] }
  }),
  example('T4.19 a build cancelled while it is being started is not started again where it had not', {
    given: [...STARTING, wavers(3, at(22)), cancel(at(23)), buildTimer(4, at(24))],
    when: [says('BuildMissing', 5, at(25))],
    then: { effects: [], changes: ['builds'] }
  }),
  example('T4.20 a build cancelled while it is being started is not started again where it is refused', {
    given: [...STARTING, cancel(at(22))],
    when: [refuses(3, at(23))],
    then: { effects: [], changes: ['builds'] }
  }),
  example('T4.21 a retry is a run of its own, with a key of ours', {
    given: DONE,
    when: [retry(at(30))],
    then: {
      effects: [
        announce(at(30), [shown()], { rkey: '3mbd35yo2w222' }),
        publish('pending', at(30), { build: name('ci.yml', '3mbd35yo2w222') }),
        deadline(5, pendingMs, name('ci.yml', '3mbd35yo2w222')),
        start(6, name('ci.yml', '3mbd35yo2w222'), plan({ variables: variables('3mbd35yo2w222') }))
      ]
    }
  }),
  example('T4.22 only builds that have ended can be retried', {
    given: [
      ...running(),
      comes(trigger(), at(20)),
      filesRead([workflow({ name: 'a' }), workflow({ name: 'c' })], at(21)),
      { ...refuses(3, at(22)), build: name('a') } as WrittenEvent
    ],
    when: [retry(at(30), 'c'), retry(at(30), 'd'), retry(at(30), null, OTHER), retry(at(30))],
    then: {
      effects: [
        announce(at(30), [shown('a')], { rkey: '3mbd35yo2w222' }),
        publish('pending', at(30), { build: name('a', '3mbd35yo2w222') }),
        deadline(6, pendingMs, name('a', '3mbd35yo2w222')),
        start(7, name('a', '3mbd35yo2w222'), plan({ variables: variables('3mbd35yo2w222') }))
      ]
    }
  }),
  example('T4.40 a retry of a workflow that never was a build for a provider judges its file anew', {
    given: [...running(), comes(trigger(), at(20)), filesRead([workflow({ engine: 'x', name: 'b' }), workflow({ name: 'c' })], at(21))],
    when: [retry(at(30), 'b'), filesRead([workflow({ name: 'b' }), workflow({ name: 'c' })], at(31), { number: 4, rkey: '3mbd35yo2w222' })],
    then: {
      effects: [
        read(4, { rkey: '3mbd35yo2w222' }),
        announce(at(31), [shown('b')], { rkey: '3mbd35yo2w222' }),
        publish('pending', at(31), { build: name('b', '3mbd35yo2w222') }),
        deadline(5, pendingMs, name('b', '3mbd35yo2w222')),
        start(6, name('b', '3mbd35yo2w222'), plan({ variables: variables('3mbd35yo2w222') }))
      ]
    }
  }),
  example('T4.46 a retry has an outcome for each workflow that was asked for', {
    given: [
      ...running(),
      comes(trigger(), at(20)),
      filesRead(['a', 'b', 'c', 'd'].map((each) => workflow({ engine: 'x', name: each })), at(21)),
      retry(at(30))
    ],
    when: [
      filesRead(
        [
          workflow({ engine: null, name: 'a' }),
          workflow({ name: 'b', when: [{ ...ON_MAIN, branch: ['other'] }] }),
          workflow({ name: 'c', when: [{ ...ON_MAIN, branch: ['['] }] }),
          workflow({ name: 'new.yml' })
        ],
        at(31),
        { number: 2, rkey: '3mbd35yo2w222' }
      )
    ],
    then: {
      effects: [
        announce(at(31), [shown('a', { engine: '' }), shown('b'), shown('c'), unread('d')], { rkey: '3mbd35yo2w222' }),
        publish('failed', at(31), { build: name('a', '3mbd35yo2w222'), error: 'The workflow names no engine.' }),
        publish('failed', at(31) + 1, { build: name('b', '3mbd35yo2w222'), error: 'The workflow does not apply.' }),
        publish('failed', at(31) + 2, { build: name('c', '3mbd35yo2w222'), error: 'It cannot be told whether the workflow applies: [ is not a pattern.' }),
        publish('failed', at(31) + 3, { build: name('d', '3mbd35yo2w222'), error: 'There is no such workflow file any more.' })
      ]
    }
  }),
  example('T4.47 a retry whose files cannot be read has an outcome for each workflow, too', {
    given: [
      ...running(),
      comes(trigger(), at(20)),
      filesRead([workflow({ engine: 'x', name: 'a' }), workflow({ engine: 'x', name: 'b' })], at(21)),
      retry(at(30)),
      ...Array.from({ length: 5 }, (_, i): ReadonlyArray<WrittenEvent> => [
        { _tag: 'WorkflowsUnread', at: at(31 + i), error: 'not there', isFinal: true, knot: K1, number: 2 + 2 * i, rkey: '3mbd35yo2w222' },
        workflowsTimer(3 + 2 * i, at(31 + i), '3mbd35yo2w222')
      ]).flat()
    ],
    when: [{ _tag: 'WorkflowsUnread', at: at(90), error: 'not there', isFinal: true, knot: K1, number: 12, rkey: '3mbd35yo2w222' }],
    then: {
      effects: [
        announce(at(90), [unread('a'), unread('b')], { rkey: '3mbd35yo2w222' }),
        publish('failed', at(90), { build: name('a', '3mbd35yo2w222'), error: 'The workflow files could not be read: not there' }),
        publish('failed', at(90) + 1, { build: name('b', '3mbd35yo2w222'), error: 'The workflow files could not be read: not there' })
      ],
      reports: [{ _tag: 'WorkflowsUnread', at: at(90), knot: K1, rkey: '3mbd35yo2w222' }]
    }
  }),
  example('T4.23 a retry needs a repository that is still ours, and a pipeline that is still allowed', {
    given: [
      ...DONE,
      put(OWNER, 'lib', repo({ name: 'lib' }), at(25), { connection: 1 }),
      put(OWNER, 'app', repo({ spindle: 'other.example' }), at(26), { connection: 1 })
    ],
    when: [retry(at(30))],
    then: { effects: [], reports: [ignored('repo', at(30))] }
  }),
  example('T4.24 a retry of a pipeline that is no longer allowed fails', {
    given: [...DONE, started(at(28), building({ providers: ['local'] }))],
    when: [retry(at(30))],
    then: {
      effects: [
        announce(at(30), [shown()], { rkey: '3mbd35yo2w222' }),
        publish('failed', at(30), { build: name('ci.yml', '3mbd35yo2w222'), error: 'There is no provider "ci" here. There are: local.' })
      ]
    }
  }),

  example('T4.29 a run cancelled while its files are read is not read when it is reported again', {
    given: [...running(), comes(trigger(), at(20)), cancel(at(21))],
    when: [comes(trigger(), at(22))],
    then: { effects: [], reports: [ignored('before', at(22))] }
  }),
  example('T4.30 a thousand characters are kept of what others say', {
    given: FOLLOWING,
    when: [reports('running', at(23), { error: 'e'.repeat(1_000) }), reports('failed', at(24), { error: `${'e'.repeat(999)}😀` })],
    then: {
      effects: [
        publish('running', at(23), { error: 'e'.repeat(1_000) }),
        deadline(4, runningMs),
        publish('failed', at(24), { error: `${'e'.repeat(999)}\ufffd…` }),
        unfollow()
      ]
    }
  }),
  example('T4.25 two retries at one moment have two keys', {
    given: DONE,
    when: [retry(at(30)), { ...refuses(6, at(30)), build: name('ci.yml', '3mbd35yo2w222') } as WrittenEvent, retry(at(5), null, '3mbd35yo2w222')],
    then: {
      effects: [
        announce(at(30), [shown()], { rkey: '3mbd35yo2w222' }),
        publish('pending', at(30), { build: name('ci.yml', '3mbd35yo2w222') }),
        deadline(5, pendingMs, name('ci.yml', '3mbd35yo2w222')),
        start(6, name('ci.yml', '3mbd35yo2w222'), plan({ variables: variables('3mbd35yo2w222') })),
        publish('failed', at(30) + 1, { build: name('ci.yml', '3mbd35yo2w222'), error: 'no such pipeline' }),
        announce(at(30) + 3, [shown()], { rkey: '3mbd35yo2w422' }),
        publish('pending', at(30) + 3, { build: name('ci.yml', '3mbd35yo2w422') }),
        deadline(7, pendingMs, name('ci.yml', '3mbd35yo2w422')),
        start(8, name('ci.yml', '3mbd35yo2w422'), plan({ variables: variables('3mbd35yo2w422') }))
      ]
    }
  }),
  example('T4.31 a retry of one of several workflows builds it alone', {
    given: [
      ...running(),
      comes(trigger(), at(20)),
      filesRead([workflow({ name: 'a' }), workflow({ name: 'b' })], at(21)),
      { ...refuses(3, at(22)), build: name('a') } as WrittenEvent,
      { ...refuses(5, at(22)), build: name('b') } as WrittenEvent
    ],
    when: [retry(at(30), 'b')],
    then: {
      effects: [
        announce(at(30), [shown('b')], { rkey: '3mbd35yo2w222' }),
        publish('pending', at(30), { build: name('b', '3mbd35yo2w222') }),
        deadline(6, pendingMs, name('b', '3mbd35yo2w222')),
        start(7, name('b', '3mbd35yo2w222'), plan({ variables: variables('3mbd35yo2w222') }))
      ]
    }
  }),
  example('T4.26 a retry leaves a key that the knot has taken to the knot', {
    given: [...DONE, comes(trigger({ cause: push({ newSha: OLD_SHA, oldSha: SHA }) }), at(25), { rkey: '3mbd35yo2w222' })],
    when: [retry(at(30))],
    then: {
      effects: [
        announce(at(30), [shown()], { rkey: '3mbd35yo2w322' }),
        publish('pending', at(30), { build: name('ci.yml', '3mbd35yo2w322') }),
        deadline(6, pendingMs, name('ci.yml', '3mbd35yo2w322')),
        start(7, name('ci.yml', '3mbd35yo2w322'), plan({ variables: variables('3mbd35yo2w322') }))
      ]
    }
  }),
  example('T4.27 a cancel is over when the provider never acknowledges it', {
    given: [
      ...RUNNING,
      cancel(at(24)),
      ...Array.from({ length: 30 }, (_, i) => [wavers(5 + 2 * i, at(30 + i)), buildTimer(6 + 2 * i, at(30 + i))]).flat()
    ],
    when: [wavers(65, at(100)), says('CancelHeard', 65, at(101))],
    then: { effects: [unfollow()], reports: [{ _tag: 'BuildAbandoned', at: at(100), build: name(), provider: 'ci' }] }
  }),
  example('T4.28 a provider that gives no clear answer to anything is asked on', {
    given: [...STARTING, ...Array.from({ length: 31 }, (_, i) => [wavers(3 + 2 * i, at(30 + i)), buildTimer(4 + 2 * i, at(30 + i))]).flat()],
    when: [wavers(65, at(100))],
    then: { effects: [pause(66, 150_000, 300_000)], reports: [uncertain(at(100))] }
  }),

  example('T4.41 a run is announced with the files that it builds, as they stand in the repository', {
    given: [...running(), comes(trigger({ defaultBranch: 'trunk' }), at(20))],
    when: [
      filesRead(
        [
          workflow({ name: 'a', when: [{ branch: ['x'], event: ['push'], paths: null, tag: [], types: null, unknown: null }] }),
          { _tag: 'Faulty', content: '', error: 'x', name: 'b', when: null },
          workflow({ engine: 'nixery', name: 'c' })
        ],
        at(21),
        {
          sources: [
            { name: 'a', text: 'of a' },
            { name: 'c', text: 'of c' },
            { name: 'b', text: 'of b' }
          ]
        }
      )
    ],
    then: {
      effects: [
        announce(at(21), [unread('b', 'of b'), shown('c', { engine: 'nixery', text: 'of c' })], { defaultBranch: 'trunk' }),
        publish('failed', at(21), { build: name('b'), error: 'x' }),
        publish('failed', at(21) + 1, {
          build: name('c'),
          error: 'This spindle builds workflows of engine "tack", and this one names "nixery".'
        })
      ]
    }
  }),
  example('T4.42 a pipeline’s run is announced with the files as the knot sent them', {
    given: [...running(), comes(trigger({ kind: 'pipeline', workflows: [{ name: 'ci.yml', text: 'engine: tack' }] }), at(20))],
    when: [filesRead([workflow()], at(21))],
    then: { effects: [announce(at(21), [shown('ci.yml', { text: 'engine: tack' })]), ...begins(at(21), 2, 3).slice(1)] }
  }),
  example('T4.43 files too long to be repeated are left out of the announcement, and the others are not', {
    given: [...running(), comes(trigger(), at(20))],
    when: [
      filesRead(
        ['a', 'b', 'c', 'd'].map((of) => ({ _tag: 'Faulty', content: '', error: 'x', name: of, when: null })),
        at(21),
        {
          sources: [
            { name: 'a', text: 'x' },
            { name: 'b', text: 'x'.repeat(65_532) },
            { name: 'c', text: 'x'.repeat(65_531) },
            { name: 'd', text: 'x' }
          ]
        }
      )
    ],
    then: {
      effects: [
        announce(at(21), [unread('a', 'x'), unread('b'), unread('c', 'x'.repeat(65_531)), unread('d')]),
        ...['a', 'b', 'c', 'd'].map((of, i) => publish('failed', at(21) + i, { build: name(of), error: 'x' }))
      ]
    }
  }),
  example('T4.44 a retry is announced with what was announced of the first run', {
    given: [
      ...running(),
      comes(trigger({ kind: 'pipeline', workflows: [{ name: 'b', text: 'of b' }, { name: 'a', text: 'of a' }] }), at(20)),
      filesRead([workflow({ name: 'a' }), workflow({ name: 'b' })], at(21), { defaultBranch: 'main' }),
      { ...refuses(3, at(22)), build: name('a') } as WrittenEvent,
      { ...refuses(5, at(22)), build: name('b') } as WrittenEvent
    ],
    when: [retry(at(30), 'b')],
    then: {
      effects: [
        announce(at(30), [shown('b', { text: 'of b' })], { defaultBranch: 'main', rkey: '3mbd35yo2w222' }),
        publish('pending', at(30), { build: name('b', '3mbd35yo2w222') }),
        deadline(6, pendingMs, name('b', '3mbd35yo2w222')),
        start(
          7,
          name('b', '3mbd35yo2w222'),
          plan({ variables: [...variables('3mbd35yo2w222').slice(0, 7), ['TANGLED_REPO_DEFAULT_BRANCH', 'main'], ...variables('3mbd35yo2w222').slice(7)] })
        )
      ]
    }
  }),
  example('T4.45 the announcement of a run has a stamp of its own, before that of the first status, even after the clock was set back', {
    given: [...DONE, comes(trigger({ cause: push({ newSha: OLD_SHA, oldSha: SHA }) }), at(25), { rkey: OTHER })],
    when: [filesRead([workflow({ engine: 'x' })], at(5), { number: 5, rkey: OTHER })],
    then: {
      effects: [
        announce(at(24) + 2, [shown('ci.yml', { engine: 'x' })], { cause: push({ newSha: OLD_SHA, oldSha: SHA }), rkey: OTHER }),
        publish('failed', at(24) + 2, {
          build: name('ci.yml', OTHER),
          error: 'This spindle builds workflows of engine "tack", and this one names "x".'
        })
      ]
    }
  }),

  // ---------------------------------------------------------------------------------------- T5
  example('T5.1 a repeated trigger is no news, over the same connection or another', {
    given: STARTING,
    when: [comes(trigger(), at(25)), knotOpened(K1, 3, at(26)), comes(trigger({ cause: push({ newSha: OLD_SHA, oldSha: SHA }) }), at(27))],
    then: { effects: [], changes: ['knots'] }
  }),
  example('T5.2 a repeated trigger is no news after everything has ended', {
    given: DONE,
    when: [comes(trigger(), at(20))],
    then: { effects: [], changes: [] }
  }),
  example('T5.3 a start that may have been received is looked up, after a pause, before it is asked for again', {
    given: STARTING,
    when: [wavers(3, at(22)), buildTimer(4, at(24)), says('BuildMissing', 5, at(25))],
    then: { effects: [pause(4, 1_000, 2_000), find(5), start(6)], reports: [uncertain(at(22))] }
  }),
  example('T5.25 a provider that may show a build late is believed only when no start can still come to light', {
    given: [...STARTING, wavers(3, at(22)), buildTimer(4, at(24))],
    when: [missing(5, at(25), 10_000), buildTimer(6, at(31)), missing(7, at(31) + 999_001, 10_000), buildTimer(8, at(32)), missing(9, at(32), 10_000)],
    then: { effects: [pause(6, 7_000, 7_000), find(7), pause(8, 1, 1), find(9), start(10)] }
  }),
  example('T5.26 after a start of the bridge a build that was being started may come to light from then on', {
    given: [...STARTING, wavers(3, at(22)), stop(at(23)), started(at(100), building())],
    when: [missing(6, at(101), 10_000), buildTimer(7, at(110)), says('BuildAccepted', 8, at(111))],
    then: { effects: [pause(7, 9_000, 9_000), find(8), follow()] }
  }),
  example('T5.27 a cancelled build that may still come to light is looked for again, and ended where it does', {
    given: [...STARTING, wavers(3, at(22)), cancel(at(23)), buildTimer(4, at(24))],
    when: [missing(5, at(25), 10_000), buildTimer(6, at(32)), says('BuildAccepted', 7, at(33))],
    then: { effects: [pause(6, 7_000, 7_000), find(7), askToEnd(8)] }
  }),
  example('T5.28 nobody waits longer than the provider may take, also where the clock was set back', {
    given: [...STARTING, wavers(3, at(22)), buildTimer(4, at(24))],
    when: [missing(5, at(1), 10_000)],
    then: { effects: [pause(6, 10_000, 10_000)] }
  }),
  example('T5.29 a build that is shown late keeps its attempts, and a report of it has it looked for at once', {
    given: [...STARTING, wavers(3, at(22)), buildTimer(4, at(24)), missing(5, at(25), 10_000)],
    when: [reports('running', at(26)), wavers(7, at(27))],
    then: { effects: [find(7), pause(8, 2_000, 4_000)], reports: [uncertain(at(27))] }
  }),
  example('T5.4 a build that a look-up finds is not started again', {
    given: [...STARTING, wavers(3, at(22)), buildTimer(4, at(24))],
    when: [says('BuildAccepted', 5, at(25))],
    then: { effects: [follow()] }
  }),
  example('T5.5 a provider that asks for a longer pause gets it', {
    given: STARTING,
    when: [wavers(3, at(22), 1_500), buildTimer(4, at(25)), wavers(5, at(26), 60_000)],
    then: {
      effects: [pause(4, 1_500, 2_000), find(5), pause(6, 60_000, 60_000)],
      reports: [uncertain(at(22)), uncertain(at(26))]
    }
  }),
  example('T5.6 a report on a build that is being looked for only triggers a look-up at once: it may be about another', {
    given: [...STARTING, wavers(3, at(22))],
    when: [reports('success', at(23)), reports('running', at(24)), buildTimer(4, at(24)), says('BuildAccepted', 5, at(25)), reports('success', at(26))],
    then: { effects: [find(5), follow(), publish('success', at(26)), unfollow()] }
  }),
  example('T5.7 a report on a build that is being started waits for the answer', {
    given: STARTING,
    when: [reports('success', at(22)), says('BuildAccepted', 3, at(23)), reports('running', at(24))],
    then: { effects: [follow(), publish('running', at(24)), deadline(4, runningMs)] }
  }),
  example('T5.8 a report on a cancelled build that is being started waits for the answer', {
    given: [...STARTING, cancel(at(22))],
    when: [reports('running', at(23)), says('BuildAccepted', 3, at(24)), reports('success', at(25))],
    then: { effects: [askToEnd(4), unfollow()] }
  }),
  example('T5.9 an answer about a build that nobody waits for changes nothing', {
    given: STARTING,
    when: [
      says('BuildAccepted', 2, at(22)),
      says('BuildMissing', 3, at(22)),
      says('CancelHeard', 3, at(22)),
      refuses(4, at(22)),
      wavers(1, at(22)),
      buildTimer(3, at(22)),
      deadlineTimer(3, at(22)),
      says('BuildAccepted', 3, at(22), name('x')),
      says('BuildAccepted', 3, at(22), name('ci.yml', OTHER))
    ],
    then: { effects: [], changes: [] }
  }),
  example('T5.19 a pause before files are requested again is ended by its own timer alone', {
    given: [...running(), comes(trigger(), at(20)), { _tag: 'WorkflowsUnread', at: at(21), error: 'no answer', isFinal: false, knot: K1, number: 1, rkey: KEY }],
    when: [workflowsTimer(1, at(22)), workflowsTimer(3, at(22)), workflowsTimer(2, at(22), OTHER)],
    then: { effects: [], changes: [] }
  }),
  example('T5.10 a build whose start was requested before a restart is looked up before it is started again', {
    given: STARTING,
    when: [started(at(30), building()), says('BuildAccepted', 3, at(31)), says('BuildMissing', 5, at(32))],
    then: { effects: [{ _tag: 'OpenJetstream', connection: 2, cursor: at(1) - 5_000_000, ordinal: null }, { _tag: 'SubscribeKnot', connection: 3, cursor: `${String(at(20) - 1)}999`, host: K1 }, deadline(4, pendingMs), find(5), start(6)] }
  }),
  example('T5.11 a followed build is followed again after a restart, with all of its time', {
    given: [...RUNNING, stop(at(25))],
    when: [started(at(30), building({ runningMs: HOUR_MS }))],
    then: {
      effects: [
        { _tag: 'OpenJetstream', connection: 3, cursor: at(1) - 5_000_000, ordinal: null },
        { _tag: 'SubscribeKnot', connection: 4, cursor: `${String(at(20) - 1)}999`, host: K1 },
        deadline(5, HOUR_MS),
        follow()
      ]
    }
  }),
  example('T5.12 a restart repeats an open cancel, and reads files again', {
    given: [...RUNNING, cancel(at(24)), wavers(5, at(25)), comes(trigger(), at(26), { rkey: OTHER }), stop(at(27))],
    when: [started(at(30), building())],
    then: {
      effects: [
        { _tag: 'OpenJetstream', connection: 3, cursor: at(1) - 5_000_000, ordinal: null },
        { _tag: 'SubscribeKnot', connection: 4, cursor: `${String(at(26) - 1)}999`, host: K1 },
        askToEnd(8),
        read(9, { rkey: OTHER })
      ]
    }
  }),
  example('T5.13 a build that has ended stays so over a restart', {
    given: [...DONE, stop(at(25))],
    when: [started(at(30), building())],
    then: {
      effects: [
        { _tag: 'OpenJetstream', connection: 3, cursor: at(1) - 5_000_000, ordinal: null },
        { _tag: 'SubscribeKnot', connection: 4, cursor: `${String(at(20) - 1)}999`, host: K1 }
      ]
    }
  }),
  example('T5.14 a provider that is no longer configured can report nothing any more', {
    given: RUNNING,
    when: [started(at(30), building({ providers: ['local'] })), reports('success', at(31))],
    then: {
      effects: [
        { _tag: 'OpenJetstream', connection: 2, cursor: at(1) - 5_000_000, ordinal: null },
        { _tag: 'SubscribeKnot', connection: 3, cursor: `${String(at(20) - 1)}999`, host: K1 },
        publish('failed', at(30), { error: 'There is no provider "ci" here any more.' }),
        unfollow()
      ]
    }
  }),
  example('T5.15 a changed allow-list applies to what has not been started', {
    given: [
      put(ALICE, 'x', repo({ name: 'x', repoDid: 'did:plc:x' }), at(1)),
      ...running({ allow: [{ pipelines: '*', provider: 'ci', repos: '**' }] }),
      comes(trigger({ actor: ALICE, repo: { ...NAMELESS, did: 'did:plc:x' } }), at(20)),
      filesRead([workflow()], at(21)),
      started(at(30), building())
    ],
    when: [says('BuildMissing', 5, at(31)), says('BuildMissing', 5, at(32))],
    then: {
      effects: [
        publish('failed', at(31), { error: `The operator of this spindle does not let ${ALICE}/x use pipeline "app" of provider "ci".` })
      ]
    }
  }),
  example('T5.16 nothing is requested while the bridge is stopped; what is due is requested at the next start', {
    given: [...running(), comes(trigger(), at(20)), stop(at(21))],
    when: [filesRead([workflow()], at(22)), stop(at(23)), started(at(30), building())],
    then: {
      effects: [
        announce(at(22)),
        publish('pending', at(22)),
        { _tag: 'OpenJetstream', connection: 3, cursor: at(1) - 5_000_000, ordinal: null },
        { _tag: 'SubscribeKnot', connection: 4, cursor: `${String(at(20) - 1)}999`, host: K1 },
        deadline(4, pendingMs),
        find(5)
      ]
    }
  }),
  example('T5.17 a right that is gone at a start is gone before anything is requested again', {
    given: STARTING,
    when: [started(at(30), { ...building(), hostname: 'new.example' })],
    then: {
      effects: [
        { _tag: 'OpenJetstream', connection: 2, cursor: at(1) - 5_000_000, ordinal: null },
        publish('cancelled', at(30), { error: WITHDRAWN }),
        forgets(4),
        find(5)
      ]
    }
  }),
  example('T5.18 a provider that never says whether it has an unwanted build is eventually left alone', {
    given: [
      ...STARTING,
      cancel(at(22)),
      ...Array.from({ length: 30 }, (_, i) => [wavers(3 + 2 * i, at(30 + i)), buildTimer(4 + 2 * i, at(30 + i))]).flat()
    ],
    when: [wavers(63, at(100)), says('BuildAccepted', 63, at(101))],
    then: { effects: [], reports: [{ _tag: 'BuildAbandoned', at: at(100), build: name(), provider: 'ci' }] }
  }),

  // ---------------------------------------------------------------------------------------- T6
  example('T6.1 a limited number of statuses is kept; a build goes with its last one, and a trigger with its last build', {
    given: [...running({ keepStatuses: 3 }), comes(trigger(), at(20)), filesRead([workflow()], at(21)), says('BuildAccepted', 3, at(22)), reports('running', at(23)), reports('success', at(24))],
    when: [
      comes(trigger(), at(25), { rkey: OTHER }),
      filesRead([workflow({ engine: 'x', name: 'a' }), workflow({ engine: 'x', name: 'b' }), workflow({ engine: 'x', name: 'c' })], at(26), {
        number: 5,
        rkey: OTHER
      }),
      comes(trigger(), at(27)),
      comes(trigger(), at(27), { rkey: '3mbd354me2222' })
    ],
    then: {
      effects: [
        read(5, { rkey: OTHER }),
        announce(at(26), ['a', 'b', 'c'].map((of) => shown(of, { engine: 'x' })), { rkey: OTHER }),
        ...['a', 'b', 'c'].map((of, i) =>
          publish('failed', at(26) + i, {
            build: name(of, OTHER),
            error: 'This spindle builds workflows of engine "tack", and this one names "x".'
          })
        )
      ],
      reports: [ignored('before', at(27)), ignored('before', at(27), '3mbd354me2222')]
    }
  }),
  example('T6.2 a running build is remembered, however few statuses are kept', {
    given: [
      ...running({ keepStatuses: 1 }),
      comes(trigger(), at(20)),
      filesRead([workflow()], at(21)),
      says('BuildAccepted', 3, at(22)),
      comes(trigger(), at(25), { rkey: OTHER }),
      filesRead([workflow({ engine: 'x' })], at(26), { number: 4, rkey: OTHER })
    ],
    when: [comes(trigger(), at(27)), reports('success', at(28))],
    then: { effects: [publish('success', at(28)), unfollow()] }
  }),
  example('T6.3 a cancelled build is remembered until its provider has acknowledged the cancel', {
    given: [
      ...running({ keepStatuses: 1 }),
      comes(trigger(), at(20)),
      filesRead([workflow()], at(21)),
      says('BuildAccepted', 3, at(22)),
      cancel(at(23)),
      comes(trigger(), at(25), { rkey: OTHER }),
      filesRead([workflow({ engine: 'x' })], at(26), { number: 5, rkey: OTHER })
    ],
    when: [says('CancelHeard', 4, at(27)), comes(trigger(), at(28)), comes(trigger(), at(29), { rkey: '3mbd354mf2223' })],
    then: { effects: [unfollow(), read(6, { rkey: '3mbd354mf2223' })], reports: [ignored('before', at(28))] }
  }),
  example('T6.5 a run keeps the builds whose statuses are kept, and goes with the last of them', {
    given: [
      ...running({ keepStatuses: 2 }),
      comes(trigger(), at(20)),
      filesRead([workflow({ engine: 'x', name: 'a' }), workflow({ engine: 'x', name: 'b' }), workflow({ engine: 'x', name: 'c' })], at(21))
    ],
    when: [comes(trigger(), at(22)), retry(at(23), 'a'), comes(trigger(), at(24), { rkey: '3mbd354me2222' })],
    then: { effects: [read(2, { rkey: '3mbd354me2222' })] }
  }),
  example('T6.6 a forgotten retry says nothing about the keys of the knot', {
    given: [
      ...running({ keepStatuses: 1 }),
      comes(trigger(), at(20)),
      filesRead([workflow()], at(21)),
      refuses(3, at(22)),
      retry(at(23)),
      { ...refuses(5, at(24)), build: name('ci.yml', rev(at(23))) } as WrittenEvent,
      comes(trigger(), at(25), { rkey: '3mbd354mg2222' })
    ],
    when: [filesRead([workflow({ engine: 'x' })], at(26), { number: 6, rkey: '3mbd354mg2222' }), comes(trigger(), at(27), { rkey: '3mbd354mh2222' })],
    then: {
      effects: [
        announce(at(26), [shown('ci.yml', { engine: 'x' })], { rkey: '3mbd354mg2222' }),
        publish('failed', at(26), {
          build: name('ci.yml', '3mbd354mg2222'),
          error: 'This spindle builds workflows of engine "tack", and this one names "x".'
        }),
        read(7, { rkey: '3mbd354mh2222' })
      ]
    }
  }),
  example('T6.7 an older key that is forgotten after a later one leaves the mark of forgotten keys alone', {
    given: [
      ...running({ keepStatuses: 1 }),
      comes(trigger(), at(20), { rkey: '3mbd354mb2222' }),
      filesRead([workflow()], at(21), { rkey: '3mbd354mb2222' }),
      comes(trigger(), at(22), { rkey: '3mbd354mc2222' }),
      filesRead([workflow({ engine: 'x' })], at(23), { number: 4, rkey: '3mbd354mc2222' }),
      comes(trigger(), at(24), { rkey: '3mbd354md2222' }),
      filesRead([workflow({ engine: 'x' })], at(25), { number: 5, rkey: '3mbd354md2222' }),
      { ...refuses(3, at(26)), build: name('ci.yml', '3mbd354mb2222') } as WrittenEvent,
      comes(trigger(), at(27), { rkey: '3mbd354me2222' }),
      filesRead([workflow({ engine: 'x' })], at(28), { number: 6, rkey: '3mbd354me2222' })
    ],
    when: [comes(trigger(), at(29), { rkey: '3mbd354mc3222' }), comes(trigger(), at(30), { rkey: '3mbd354md2222' }), comes(trigger(), at(31), { rkey: '3mbd354md3222' })],
    then: { effects: [read(7, { rkey: '3mbd354md3222' })], reports: [ignored('before', at(29), '3mbd354mc3222'), ignored('before', at(30), '3mbd354md2222')] }
  }),
  example('T6.8 a forgotten key that is from the future, or no time at all, says nothing about others', {
    given: [
      ...running({ keepStatuses: 1 }),
      comes(trigger(), at(20), { rkey: 'zzz' }),
      filesRead([workflow({ engine: 'x' })], at(21), { rkey: 'zzz' }),
      comes(trigger(), at(22), { rkey: '3mbe354mb2222' }),
      filesRead([workflow({ engine: 'x' })], at(23), { number: 2, rkey: '3mbe354mb2222' }),
      comes(trigger(), at(24), { rkey: '3mbd354mb2222' }),
      filesRead([workflow({ engine: 'x' })], at(25), { number: 3, rkey: '3mbd354mb2222' })
    ],
    when: [comes(trigger(), at(26)), comes(trigger(), at(27), { rkey: 'zzz' }), comes(trigger(), at(28), { rkey: '3mbe354mb2222' }), comes(trigger(), at(29), { rkey: 'zz' })],
    then: {
      effects: [read(4), read(5, { rkey: 'zz' })],
      reports: [ignored('before', at(27), 'zzz'), ignored('before', at(28), '3mbe354mb2222')]
    }
  }),
  example('T6.4 a lower limit of statuses drops the oldest at the next start', {
    given: [...DONE, stop(at(25)), started(at(26), building({ keepStatuses: 0 })), knotOpened(K1, 4, at(27))],
    when: [comes(trigger(), at(28), { connection: 4 })],
    then: { effects: [], reports: [ignored('before', at(28))] }
  })
]

