/**
 * What the examples of T1–T7 happen in, and what is said there.
 *
 * The world: the owner's repository `app` on the first knot, which is connection 2; the bridge has been running since second 10.
 * Requests, timers of builds and numbers in the answers count from 1.
 */
import {
  at,
  CONFIG,
  type Happening,
  K1,
  knotOpened,
  OWNER,
  put,
  repo,
  started,
  type WrittenConfig,
  type WrittenEffect,
  type WrittenEvent,
  type WrittenReport
} from './support.js'

// ---------------------------------------------------------------------------------------- the world

export type Of<T, Tag> = Extract<T, { readonly _tag: Tag }>

export type KnotReceived = Of<WrittenEvent, 'KnotReceived'>
export type Trigger = Of<KnotReceived['payload'], 'Trigger'>['trigger']
export type Push = Of<Trigger['cause'], 'Push'>
export type Defined = Of<Of<WrittenEvent, 'WorkflowsRead'>['workflows'][number], 'Defined'>
export type Plan = Of<WrittenEffect, 'StartBuild'>['plan']
export type Entry = Of<WrittenEffect, 'PublishStatus'>['entry']
export type Builds = WrittenConfig['builds']

export const REPO_DID = 'did:plc:app22222222222222222222'
export const SHA = 'a'.repeat(40)
export const OLD_SHA = 'b'.repeat(40)
export const ZERO = '0'.repeat(40)
export const MAIN = 'refs/heads/main'
/** The key of the trigger, of second 20. */
export const KEY = '3mbd354mf2222'
export const OTHER = '3mbd354pe2222'
export const HOUR_MS = 3_600_000

export const BUILDS: Builds = { ...CONFIG.builds, providers: ['ci', 'local'] }

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

export interface Frame {
  readonly connection?: number
  readonly created?: string | null
  readonly host?: string
  readonly rkey?: string
}

/** A trigger comes from a knot, stamped when it is received; text says why it cannot be read. */
export const comes = (said: Trigger | string, when: number, { connection = 2, created, host = K1, rkey = KEY }: Frame = {}): WrittenEvent => ({
  _tag: 'KnotReceived',
  at: when,
  connection,
  created: created === undefined ? `${String(when)}000` : created,
  host,
  nsid: 'sh.tangled.git.refUpdate',
  payload: typeof said === 'string' ? { _tag: 'Unreadable', detail: said } : { _tag: 'Trigger', trigger: said },
  rkey
})

/** A push by a frame that brings its workflow files along, over the first connection. */
export const piped = (rkey: string, when: number, changes: Partial<Trigger> = {}): WrittenEvent =>
  comes(trigger({ actor: null, kind: 'pipeline', workflows: [], ...changes }), when, { connection: 1, created: null, rkey })

/** What a workflow file of nothing but its engine comes to, but for how much it is. */
export const EMPTY: Omit<Defined, 'units'> = {
  _tag: 'Defined',
  clone: { depth: 1, skip: false, submodules: false },
  content: '',
  engine: 'tack',
  environment: [],
  name: 'ci.yml',
  steps: [],
  targets: [],
  when: []
}

export const workflow = (changes: Partial<Defined> = {}): Defined => ({
  ...EMPTY,
  targets: [{ pipeline: 'app', provider: 'ci', settings: [] }],
  units: 200,
  ...changes
})

export type Read = Of<WrittenEvent, 'WorkflowsRead'>

export const ON_MAIN = { branch: ['main'], event: ['push'], paths: null, tag: [], types: null, unknown: null }
export const MISTAKEN = { branch: [], event: ['push'], paths: null, tag: [], types: null, unknown: 'branches' }

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

export type Answer = 'BuildAccepted' | 'BuildMissing' | 'CancelAcknowledged'

export const says = (_tag: Answer, number: number, when: number, build = name()): WrittenEvent => {
  switch (_tag) {
    case 'BuildAccepted':
      return { _tag, at: when, build, external: '7', number }
    case 'BuildMissing':
      return missing(number, when, 0, build)
    case 'CancelAcknowledged':
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

export const refuses = (number: number, when: number, build = name()): WrittenEvent => ({
  _tag: 'RequestFailed',
  at: when,
  error: 'no such pipeline',
  isFinal: true,
  number,
  requested: { _tag: 'Build', build },
  waitMs: 0
})

export const wavers = (number: number, when: number, waitMs = 0, build = name()): WrittenEvent => ({
  _tag: 'RequestFailed',
  at: when,
  error: 'no answer',
  isFinal: false,
  number,
  requested: { _tag: 'Build', build },
  waitMs
})

export type Reported = Of<WrittenEvent, 'BuildReported'>

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

export const buildTimer = (number: number, when: number, build = name()): WrittenEvent => ({
  _tag: 'TimerFired',
  at: when,
  timer: { _tag: 'RequestTimer', number, requested: { _tag: 'Build', build } }
})
export const deadlineTimer = (number: number, when: number): WrittenEvent => ({
  _tag: 'TimerFired',
  at: when,
  timer: { _tag: 'DeadlineTimer', build: name(), number }
})
export const workflowsTimer = (number: number, when: number, rkey = KEY): WrittenEvent => ({
  _tag: 'TimerFired',
  at: when,
  timer: { _tag: 'RequestTimer', number, requested: { _tag: 'Workflows', knot: K1, rkey } }
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

export type Reading = Of<WrittenEffect, 'ReadWorkflows'>

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

export type Announced = Of<WrittenEffect, 'PublishPipeline'>['entry']

/** A workflow as it is announced. */
export const shown = (of = 'ci.yml', changes: Partial<Announced['workflows'][number]> = {}): Announced['workflows'][number] => ({
  clone: { depth: 1, skip: false, submodules: false },
  engine: 'tack',
  name: of,
  text: '',
  ...changes
})

/** The same of a file that is not understood. */
export const unread = (of: string, text = ''): Announced['workflows'][number] =>
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
  timer: { _tag: 'RequestTimer', number, requested: { _tag: 'Build', build: name() } }
})

export const pendingMs = BUILDS.pendingMs
export const runningMs = BUILDS.runningMs

/** What a run of one workflow for a provider comes to: it is announced, pending, has a limit to that, and is asked for. */
export const begins = (createdUs: number, timer: number, request: number): ReadonlyArray<WrittenEffect> => [
  announce(createdUs),
  publish('pending', createdUs),
  deadline(timer, pendingMs),
  start(request)
]

export type Ignored = Of<WrittenReport, 'TriggerIgnored'>

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
export const dropped = (reason: Of<WrittenReport, 'WorkflowDropped'>['reason'], when: number, of = 'ci.yml'): WrittenReport => ({
  _tag: 'WorkflowDropped',
  at: when,
  build: name(of),
  reason
})
export const unnamed = (name: string, when: number): WrittenReport => ({ _tag: 'WorkflowNameRefused', at: when, knot: K1, name, rkey: KEY })

/** What a run of this push leaves for what two workflows say, in units: 1 Mi, less what it counts itself, and each build. */
export const ROOM = 1_044_766
export const NO_ROOM = 'There is no room for this workflow: a run may keep at most 1048576 units.'
/** Those of a build that was asked for by hand. */
export const variablesByHand = (...inputs: Plan['variables']): Plan['variables'] => [
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

export const TAGGED = push({ oldSha: ZERO, ref: 'refs/tags/v1' })
export const LATER = push({ newSha: 'c'.repeat(40), oldSha: SHA })

/** The knot has sent a pipeline of a push, and what a newer one says of a push, both of somebody else's repository. */
export const PIPES: ReadonlyArray<Happening> = [comes(pipeline({ repo: { did: 'did:plc:else', knot: K1, name: null, owner: null } }), at(12), { rkey: 'else' })]
export const DETAILS: ReadonlyArray<Happening> = [comes(trigger({ repo: { did: 'did:plc:else', knot: null, name: null, owner: null } }), at(13), { rkey: 'else' })]

/** What a knot may be known to have sent. */
export const KNOWN: ReadonlyArray<readonly [string, ReadonlyArray<Happening>]> = [
  ['nothing', []],
  ['pipelines', PIPES],
  ['details', DETAILS],
  ['both', [...PIPES, ...DETAILS]]
]

export const named = (changes: Partial<Trigger> = {}): Trigger => trigger({ shape: 'named', ...changes })
export const bare = (changes: Partial<Trigger> = {}): Trigger =>
  trigger({ repo: { did: null, knot: null, name: 'app', owner: OWNER }, shape: 'bare', ...changes })

/** The pipeline of the push comes under this key. */
export const PIPED = 'p'
export const readPiped = (number: number) => read(number, { rkey: PIPED, workflows: [] })

/** What is remembered of the knot goes after so long. */
export const forgets = (number: number, ms = 300_000): WrittenEffect => ({
  _tag: 'WakeAfter',
  highMs: ms,
  lowMs: ms,
  timer: { _tag: 'SourceTimer', knot: K1, number }
})

export const sourceTimer = (number: number, when: number): WrittenEvent => ({ _tag: 'TimerFired', at: when, timer: { _tag: 'SourceTimer', knot: K1, number } })

export const NAMELESS = { did: null, knot: null, name: null, owner: null }
