/**
 * What would become of workflow files if something happened: the machine itself is told of a repository and of a trigger, in the words of the network,
 * and gives the plans and sentences that a bridge would act on. Nothing is connected, read or started.
 */
import * as E from 'fp-ts/lib/Either.js'
import {
  type Allowed,
  type Cause,
  clampTimeUs,
  Config,
  decodeFrame,
  decodeKnotFrame,
  defaults,
  type Effect,
  type Event,
  explain,
  type HostName,
  initial,
  type Natural,
  type Plan,
  REPO,
  run,
  type State,
  step,
  tidOf,
  type Workflow,
  type WorkflowsRead
} from '../../core/index.js'

export interface Circumstances {
  readonly allow: ReadonlyArray<Allowed>
  readonly cause: Cause
  readonly defaultBranch: string
  readonly providers: ReadonlyArray<string>
  readonly repository: { readonly name: string; readonly owner: string }
  /** A DID: who may use every provider. */
  readonly spindleOwner: string
}

/** What becomes of one file. */
export type Outcome =
  /** Its provider is asked to build this. */
  | { readonly _tag: 'Built'; readonly plan: Plan }
  /** A build that fails before it begins, with the sentence that its author reads. */
  | { readonly _tag: 'Failed'; readonly error: string }
  /** Nothing. */
  | { readonly _tag: 'Nothing'; readonly reason: string | null }

const SPINDLE = 'spindle.example'
const KNOT = 'knot.example' as HostName
const REPO_DID = 'did:web:repository.example'
const NOW = clampTimeUs(1_767_225_600_000_000)
/** A knot is listened to before something happens there. */
const LATER = clampTimeUs(NOW + 1_000_000)
const STREAM = 0 as Natural

const configFor = ({ allow, providers, spindleOwner }: Circumstances): E.Either<string, Config> => {
  const base = defaults({ hostname: SPINDLE, owner: spindleOwner })
  return E.mapLeft(explain)(Config.decode({ ...base, admission: 'open', backfill: false, builds: { ...base.builds, allow, providers } }))
}

/** The repository's record, as the stream tells of it. */
const recordFrame = ({ repository: { name, owner } }: Circumstances): string =>
  JSON.stringify({
    commit: {
      collection: REPO,
      operation: 'create',
      record: { $type: REPO, createdAt: '2026-01-01T00:00:00Z', knot: KNOT, name, repoDid: REPO_DID, spindle: SPINDLE },
      rev: tidOf(NOW),
      rkey: 'self'
    },
    did: owner,
    kind: 'commit',
    time_us: NOW
  })

/** The trigger, as the repository's knot tells of it. */
const triggerFrame = ({ cause, defaultBranch, repository: { name, owner } }: Circumstances): string => {
  const frame = (nsid: string, event: unknown): string => JSON.stringify({ event, nsid, rkey: tidOf(LATER) })
  const repo = { defaultBranch, did: owner, knot: KNOT, repo: name, repoDid: REPO_DID }
  const pipeline = (triggerMetadata: { readonly [field: string]: unknown }): string =>
    frame('sh.tangled.pipeline', { triggerMetadata: { ...triggerMetadata, repo }, workflows: [] })
  switch (cause._tag) {
    case 'Push': {
      const { changedFiles, newSha, oldSha, ref, skipsCi } = cause
      const said = { changedFiles, newSha, oldSha, pushOptions: skipsCi ? ['skip-ci'] : [], ref }
      return frame('sh.tangled.git.refUpdate', { ...said, committerDid: owner, ownerDid: owner, repo: REPO_DID, repoName: name })
    }
    case 'PullRequest': {
      const { action, sourceBranch, sourceSha, targetBranch } = cause
      return pipeline({ kind: 'pull_request', pullRequest: { action, sourceBranch, sourceSha, targetBranch } })
    }
    case 'Manual': {
      const { inputs, ref, sha } = cause
      return pipeline({ kind: 'manual', manual: { inputs: inputs.map(([key, value]) => ({ key, value })), ref, sha } })
    }
  }
}

/** The files that the machine asks for. */
const filesAsked = (effects: ReadonlyArray<Effect>): E.Either<string, Pick<WorkflowsRead, 'number' | 'rkey'>> => {
  for (const effect of effects) if (effect._tag === 'ReadWorkflows') return E.right({ number: effect.number, rkey: effect.rkey })
  for (const effect of effects)
    if (effect._tag === 'Report')
      switch (effect.report._tag) {
        case 'TriggerIgnored':
          return E.left(IGNORED[effect.report.reason])
        case 'TriggerRefused':
          return E.left(`a spindle would refuse it: ${effect.report.detail}`)
        default:
      }
  return E.left('a spindle would not understand it')
}

/** Why a trigger comes to nothing, whatever is in the files. */
const IGNORED = {
  before: 'it came before the repository named the spindle',
  deleted: 'the push deletes the ref: there is nothing to build',
  kind: 'triggers of that kind are not built',
  ref: 'only branches and tags are built: give a ref like refs/heads/main or refs/tags/v1',
  repo: 'the repository is not known',
  skipped: 'the push asks to skip CI (skip-ci)',
  unmoved: 'the push does not move the ref',
  workflows: 'no workflow applies'
} as const

const outcomeOf = (effects: ReadonlyArray<Effect>, { name }: Workflow): Outcome => {
  for (const effect of effects)
    switch (effect._tag) {
      case 'StartBuild':
        if (effect.build.workflow === name) return { _tag: 'Built', plan: effect.plan }
        break
      case 'PublishStatus':
        if (effect.entry.build.workflow === name && effect.entry.error !== null) return { _tag: 'Failed', error: effect.entry.error }
        break
      case 'Report':
        if (effect.report._tag === 'WorkflowDropped' && effect.report.build.workflow === name)
          return { _tag: 'Nothing', reason: effect.report.detail }
        break
      default:
    }
  return { _tag: 'Nothing', reason: null }
}

/** The machine as it is when it has the repository's record, and is connected to its knot. */
const connected = (config: Config, record: Event): E.Either<string, readonly [State, connection: Natural]> => {
  const [state, effects] = run(initial(config), [record, { _tag: 'Started', at: NOW, config, resumeFrom: null }])
  // The start asks for what the record has asked for already: what counts is the last.
  const subscription = effects.filter((effect) => effect._tag === 'SubscribeKnot').at(-1)
  if (subscription === undefined) return E.left('a spindle would not listen to the knot of the repository')
  const { connection, host } = subscription
  return E.right([step(state, { _tag: 'KnotOpened', at: NOW, connection, host })[0], connection])
}

/** What would become of `workflows`, each; `Left` with a sentence where the trigger comes to nothing whatever is in them. */
export const tryWorkflows = (
  circumstances: Circumstances,
  workflows: ReadonlyArray<Workflow>
): E.Either<string, ReadonlyArray<readonly [Workflow, Outcome]>> => {
  const config = configFor(circumstances)
  if (E.isLeft(config)) return config
  const record = decodeFrame({ at: NOW, connection: STREAM })(recordFrame(circumstances))
  if (E.isLeft(record)) return E.left(record.left.detail)
  const machine = connected(config.right, record.right)
  if (E.isLeft(machine)) return machine
  const [state, connection] = machine.right
  const trigger = decodeKnotFrame({ at: LATER, connection, host: KNOT })(triggerFrame(circumstances))
  if (E.isLeft(trigger)) return E.left(trigger.left.detail)
  const [waiting, asking] = step(state, trigger.right)
  const asked = filesAsked(asking)
  if (E.isLeft(asked)) return asked
  const read = { defaultBranch: circumstances.defaultBranch, knot: KNOT, sources: null, unkept: [], workflows }
  const [, effects] = step(waiting, { _tag: 'WorkflowsRead', at: LATER, ...asked.right, ...read })
  return E.right(workflows.map((workflow) => [workflow, outcomeOf(effects, workflow)]))
}
