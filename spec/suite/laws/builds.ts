/** BUILD: what holds from a trigger to a status. The words are in laws.md. */
import * as E from 'fp-ts/lib/Either.js'
import {
  type BuildName,
  buildKey,
  Builds,
  type Config,
  type Did,
  type Effect,
  type Event,
  type HostName,
  isMember,
  OrderedMap as M,
  orderRefusal,
  REPO,
  type Report,
  type Request,
  type Rkey,
  type State,
  type Status,
  type Timer,
  type Trigger,
  type Workflow
} from '../../../core/index.js'
import type { Step } from './fence.js'
import { all, because, equal, every, type Laws, same, type Verdict, when } from './law.js'
import { accountOf, configured, type Run } from './run.js'
import { counted, sumsFor, sumsOf, unitsOfRun, unitsOfTrigger, waitsIn, waitsKept } from './units.js'

/** A trigger that brought much, what was done about it, and its runs as they were written, the first time as soon as its files were read. */
export interface Hoard {
  readonly effects: ReadonlyArray<Effect>
  /** The only input. */
  readonly input: string
  readonly rows: ReadonlyArray<string>
  readonly workflows: ReadonlyArray<Workflow>
}

const RUN_UNITS_MAX = 1_048_576
/** So much more than its recipe a workflow counts that names one provider. */
const SPARE = 64
export const NO_ROOM = 'There is no room for this workflow: a run may keep at most 1048576 units.'

// ---------------------------------------------------------------------------------------- helpers

/** Whether it is said that there is no room, and not that too many wait. */
export const isForWantOfRoom = ({ detail, reason }: Extract<Report, { readonly _tag: 'TriggerRefused' }>): boolean =>
  reason === 'limit' && detail.startsWith('unfinished runs')

const unitsOfRow = (row: string): number => {
  const entry = Builds.RunEntry.decode(JSON.parse(row))
  return E.isLeft(entry) ? Infinity : unitsOfRun(entry.right[1])
}

const RANK: { readonly [S in Status]: number } = { cancelled: 2, failed: 2, pending: 0, running: 1, success: 2, timeout: 2 }

const isFinal = (status: Status): boolean => RANK[status] === 2

export const nameText = ({ knot, rkey, workflow }: BuildName): string => JSON.stringify([knot, rkey, workflow])

const builds = (state: State): ReadonlyArray<readonly [string, Builds.Build]> =>
  M.toEntries(state.builds.runs).flatMap(([key, run]) =>
    M.toEntries(run.builds).map(([workflow, build]): readonly [string, Builds.Build] => [JSON.stringify([...key.split('/'), workflow]), build])
  )

type Of<Tag extends Effect['_tag']> = Extract<Effect, { readonly _tag: Tag }>

const effectsOf = <Tag extends Effect['_tag']>(effects: ReadonlyArray<Effect>, tag: Tag): ReadonlyArray<Of<Tag>> =>
  effects.filter((effect): effect is Of<Tag> => effect._tag === tag)

/** Whether the record at (owner, rkey) is live, names us, is on that knot, and its owner is admitted: from the rows alone. */
export const holds = (state: State, config: Config, knot: string, owner: Did, rkey: string): boolean => {
  const account = accountOf(state, owner)
  const slot = account === undefined ? undefined : M.toEntries(account.repos).find(([key]) => key === rkey)?.[1]
  const record = account?.active === true ? slot?.record : null
  const isAdmitted = config.admission === 'open' || owner === config.owner || isMember(owner)(state)
  return record?.knot === knot && record.spindle === config.hostname && isAdmitted
}

/** Whether `actor` has a say in the repository: from the rows alone. */
export const mayTrigger = (state: State, { did, owner, rkey }: Of<'ReadWorkflows'>['repository'], actor: Did | null): boolean => {
  if (actor === null || actor === owner) return true
  const account = accountOf(state, owner)
  const records = account === undefined ? [] : M.toEntries(account.collaborators)
  return records.some(([, { record }]) => {
    const names = [`at://${owner}/${REPO}/${rkey}`, ...(did === '' ? [] : [did])]
    return record?.subject === actor && (names.includes(record.repo) || names.slice(1).includes(record.repoDid))
  })
}

/** The trigger that a step lets through, if it does. */
const admitted = ({ before, effects, event }: Step): Of<'ReadWorkflows'> | null => {
  if (event._tag !== 'KnotReceived') return null
  const read = effectsOf(effects, 'ReadWorkflows').find(({ rkey }) => rkey === event.rkey)
  return read !== undefined && !M.has(`${event.host}/${event.rkey}` as Builds.RunKey)(before.builds.runs) ? read : null
}

const triggerOf = (event: Event): Trigger | null =>
  event._tag === 'KnotReceived' && event.payload._tag === 'Trigger' ? event.payload.trigger : null

// ---------------------------------------------------------------------------------------- what is outstanding

/** All that was asked for since the last start, by the names that states and effects share. */
const asked = (effects: ReadonlyArray<Effect>): ReadonlyArray<string> =>
  effects.flatMap((effect) => {
    switch (effect._tag) {
      case 'ReadWorkflows':
        return [`read ${effect.knot} ${effect.rkey} ${String(effect.number)}`]
      case 'StartBuild':
      case 'FindBuild':
      case 'CancelBuild':
        return [`${effect._tag} ${nameText(effect.build)} ${String(effect.number)}`]
      case 'FollowBuild':
        return [`follow ${nameText(effect.build)} ${effect.external}`]
      case 'WakeAfter':
        return [timerText(effect.timer)]
      default:
        return []
    }
  })

const timerText = (timer: Timer): string => {
  switch (timer._tag) {
    case 'PushTimer':
      return `timer ${timer.knot} ${timer.rkey} ${String(timer.number)}`
    case 'RequestTimer': {
      const { number, requested } = timer
      if (requested._tag === 'Records' || requested._tag === 'Access') return timer._tag
      return `timer ${requested._tag === 'Build' ? nameText(requested.build) : `${requested.knot} ${requested.rkey}`} ${String(number)}`
    }
    case 'DeadlineTimer':
      return `deadline ${nameText(timer.build)} ${String(timer.number)}`
    default:
      return timer._tag
  }
}

/** Whether we are connected to the knot of a run. */
const isConnected = (state: State, key: string): boolean => {
  const subscription = M.lookup(key.slice(0, key.indexOf('/')) as HostName)(state.knots.subscriptions)
  return subscription._tag === 'Some' && subscription.value.connection.phase._tag === 'Open'
}

/** All that a state says is outstanding. */
const owed = (state: State): ReadonlyArray<string> => [
  ...M.toEntries(state.builds.runs).flatMap(([key, { phase }]) => {
    const at = `${key.replace('/', ' ')} `
    if (phase._tag === 'Waiting') return isConnected(state, key) ? [`timer ${at}${String(phase.number)}`] : []
    return phase._tag === 'Reading' ? [requestText('read', at.trim(), phase.request)] : []
  }),
  ...builds(state).flatMap(([name, { deadline, phase, status }]) => [
    ...(isFinal(status) ? [] : [`deadline ${name} ${String(deadline)}`]),
    ...phaseText(name, phase)
  ])
]

/** What a request asks, or the timer of its pause. */
const requestText = (asks: string, of: string, { number, phase }: Request): string => `${phase === 'Pausing' ? 'timer' : asks} ${of} ${String(number)}`

const phaseText = (name: string, phase: Builds.BuildPhase): ReadonlyArray<string> => {
  switch (phase._tag) {
    case 'Starting':
      return [requestText('StartBuild', name, phase.request)]
    case 'Finding':
      return [requestText('FindBuild', name, phase.request)]
    case 'Cancelling':
      return [requestText('CancelBuild', name, phase.request)]
    case 'Following':
      return [`follow ${name} ${phase.external}`]
    case 'Settled':
      return []
  }
}

const isRead = (state: State, { knot, rkey }: { readonly knot: HostName; readonly rkey: Rkey }, number: number): boolean =>
  owed(state).includes(`read ${knot} ${rkey} ${String(number)}`)

const isProvided = (state: State, build: BuildName, number: number): boolean =>
  ['StartBuild', 'FindBuild', 'CancelBuild'].some((tag) => owed(state).includes(`${tag} ${nameText(build)} ${String(number)}`))

/** Whether an event is an answer to a question that does not stand in the state. */
const isStray = ({ before, event }: Step): boolean => {
  switch (event._tag) {
    case 'WorkflowsRead':
      return !isRead(before, event, event.number)
    case 'BuildAccepted':
    case 'BuildMissing':
    case 'CancelAcknowledged':
      return !isProvided(before, event.build, event.number)
    case 'RequestFailed': {
      const { number, requested } = event
      if (requested._tag === 'Records' || requested._tag === 'Access') return false
      return requested._tag === 'Build' ? !isProvided(before, requested.build, number) : !isRead(before, requested, number)
    }
    default:
      return false
  }
}

/** The builds that an event is about: no other may change. */
const about = (event: Event): string | null => {
  switch (event._tag) {
    case 'BuildAccepted':
    case 'BuildMissing':
    case 'BuildReported':
    case 'CancelAcknowledged':
      return `${event.build.knot}/${event.build.rkey}`
    case 'CancelRequested':
    case 'WorkflowsRead':
      return `${event.knot}/${event.rkey}`
    case 'RequestFailed': {
      const { requested } = event
      if (requested._tag === 'Records' || requested._tag === 'Access') return null
      const { knot, rkey } = requested._tag === 'Build' ? requested.build : requested
      return `${knot}/${rkey}`
    }
    default:
      return null
  }
}

/** For so long a build is pending before it says why. */
const PENDING_QUIETLY_US = 60_000_000

/** Until when the pause may last that follows the failure of a request for the build; -Infinity where none has failed. */
const pausesUntil = ({ effects, event }: Step, name: string): number =>
  Math.max(
    ...effectsOf(effects, 'WakeAfter').map(({ highMs, timer }) => {
      const isOfBuild = timer._tag === 'RequestTimer' && timer.requested._tag === 'Build' && nameText(timer.requested.build) === name
      return event._tag === 'RequestFailed' && isOfBuild ? event.at + highMs * 1_000 : -Infinity
    })
  )

// ---------------------------------------------------------------------------------------- a provider that tells the truth

/** What came of a campaign: how often each build was started, and the state in which everything had been answered. */
export interface Outcome {
  readonly end: State
  readonly ledger: ReadonlyMap<string, number>
  readonly run: Run
}

// ---------------------------------------------------------------------------------------- a knot that tells twice

/** What came of pushes that a knot told of in one way or two, in some order, when nobody waited for anything any more. */
export interface PushLife {
  /** The keys under which files were asked for. */
  readonly began: ReadonlyArray<string>
  /** Whether a refUpdate had waited for long enough before all was told. */
  readonly isHurried: boolean
  /**
   * What the knot sends: refUpdates without `repo`; with it, and pipelines, by which alone it tells `skip-ci` (`mute`); with it, and no
   * pipelines (`named`); or with details.
   */
  readonly knot: 'bare' | 'mute' | 'named' | 'detailed'
  /** For each push, what told of it; two pushes of one commit to one ref are one here. */
  readonly told: ReadonlyMap<string, { readonly pipelines: ReadonlyArray<string>; readonly refUpdates: ReadonlyArray<string> }>
}

// ---------------------------------------------------------------------------------------- laws

export const BUILD = {
  'BUILD-1': (run: Run) =>
    configured(run, (step, config) => {
      const read = admitted(step)
      const trigger = triggerOf(step.event)
      return all(
        every(effectsOf(step.effects, 'StartBuild'), ({ build, plan }) =>
          because(holds(step.after, config, build.knot, plan.repository.owner, plan.repository.rkey), () => `${nameText(build)} without a right`)
        ),
        when(read !== null && trigger !== null, () => {
          if (read === null || trigger === null) return false
          return because(
            holds(step.after, config, read.knot, read.repository.owner, read.repository.rkey) && mayTrigger(step.after, read.repository, trigger.actor),
            () => `${read.rkey} was let through`
          )
        })
      )
    }),

  'BUILD-2': (run: Run) => {
    /** The builds that may have been started, and until when a start of each may have been on its way. */
    const started = new Map<string, number>()
    return every(run.steps, ({ before, effects, event }) => {
      if (event._tag === 'Started') for (const name of started.keys()) started.set(name, event.at)
      if (event._tag === 'RequestFailed' && event.requested._tag === 'Build' && !event.isFinal) {
        const name = nameText(event.requested.build)
        if (owed(before).includes(`StartBuild ${name} ${String(event.number)}`)) started.set(name, event.at)
      }
      if (event._tag === 'BuildMissing') {
        const name = nameText(event.build)
        if (event.settleMs === 0 || event.at - (started.get(name) ?? -Infinity) >= event.settleMs * 1_000) started.delete(name)
      }
      return every(effectsOf(effects, 'StartBuild'), ({ build }) => {
        const isFirst = !started.has(nameText(build))
        started.set(nameText(build), event.at)
        return because(isFirst, () => `${nameText(build)} is started again`)
      })
    })
  },

  'BUILD-3': (run: Run) =>
    configured(run, ({ effects }, { builds: { allow, providers }, owner }) =>
      every(effectsOf(effects, 'StartBuild'), ({ plan: { pipeline, provider, repository } }) =>
        because(
          providers.includes(provider) &&
            (repository.owner === owner ||
              // The lists of these runs are written without patterns but for the name of the repository.
              allow.some((line) => line.provider === provider && line.pipelines === pipeline && line.repos === `${repository.owner}/*`)),
          () => `${repository.owner} may not use ${provider}/${pipeline}`
        )
      )
    ),

  'BUILD-4': (run: Run) => {
    const last = new Map<string, Status>()
    /** The builds of which it was said why they are still pending. */
    const said = new Set<string>()
    return every(run.steps, ({ after, effects }) =>
      all(
        every(effectsOf(effects, 'PublishStatus'), ({ entry: { build, error, status } }) => {
          const before = last.get(nameText(build))
          last.set(nameText(build), status)
          const isSaid = before === 'pending' && status === 'pending' && error !== null && !said.has(nameText(build))
          if (isSaid) said.add(nameText(build))
          return because(before === undefined || RANK[before] < RANK[status] || isSaid, () => `${nameText(build)}: ${String(before)}, then ${status}`)
        }),
        every(builds(after), ([name, { status }]) => equal(name, status, last.get(name)))
      )
    )
  },

  'BUILD-5': (run: Run) => {
    let since: ReadonlyArray<string> = []
    return every(run.steps, ({ after, effects, event }) => {
      since = event._tag === 'Started' ? asked(effects) : [...since, ...asked(effects)]
      return (
        after.isStopped ||
        every(owed(after), (question) => because(since.includes(question), () => `${question} was never asked for`))
      )
    })
  },

  'BUILD-6': (run: Run) =>
    every(run.steps, (step) =>
      when(isStray(step), () => because(step.after === step.before && step.effects.length === 0, () => 'a stray answer did something'))
    ),

  'BUILD-7': (run: Run) =>
    every(run.steps, ({ after, before, event }) => {
      const key = about(event)
      return when(key !== null, () =>
        every(M.toEntries(before.builds.runs), ([other, was]) => {
          const is = M.lookup(other)(after.builds.runs)
          if (other === key || is._tag === 'None') return true
          // With statuses that are not kept, builds are forgotten.
          const left = M.toEntries(was.builds).filter(([workflow]) => M.has(workflow)(is.value.builds))
          return equal(other, { ...is.value, builds: M.toEntries(is.value.builds) }, { ...was, builds: left })
        })
      )
    }),

  'BUILD-8': (names: readonly [BuildName, BuildName]) => {
    const [a, b] = names
    const key = buildKey(a)
    const parts = key.split('/')
    return all(
      equal('equal keys', key === buildKey(b), nameText(a) === nameText(b)),
      because(parts.length === 3, () => `${key} has ${String(parts.length)} parts`),
      every(parts, (part) => /^[a-z0-9=_-][a-z0-9=._-]*$/.test(part))
    )
  },

  'BUILD-9': (run: Run) => {
    const told = new Map<string, { readonly pipeline: Set<string>; readonly refUpdate: Set<string> }>()
    const begun = new Map<string, Set<string>>()
    return every(run.steps, ({ after, before, event }) => {
      const trigger = triggerOf(event)
      if (event._tag !== 'KnotReceived' || trigger?.cause._tag !== 'Push') return true
      const { cause, kind } = trigger
      const at = JSON.stringify([event.host, cause.ref, cause.oldSha, cause.newSha])
      const push = told.get(at) ?? { pipeline: new Set(), refUpdate: new Set() }
      told.set(at, push)
      push[kind].add(event.rkey)
      // The run of a refUpdate that waited goes where its pipeline begins one.
      const gone = M.keys(before.builds.runs).filter((key) => !M.has(key)(after.builds.runs))
      for (const keys of begun.values()) for (const key of gone) keys.delete(key)
      const key = `${event.host}/${event.rkey}` as Builds.RunKey
      const now = M.has(key)(before.builds.runs) ? undefined : M.toEntries(after.builds.runs).find(([other]) => other === key)?.[1]
      if (now === undefined) return true
      const place = JSON.stringify([at, now.repository.owner, now.repository.rkey])
      const keys = (begun.get(place) ?? new Set()).add(key)
      begun.set(place, keys)
      // What was told of once may be forgotten in the end, and count again.
      const isKept = after.builds.floorUs === null
      return because(!isKept || keys.size <= Math.max(push.pipeline.size, push.refUpdate.size), () => `${place} has begun ${String(keys.size)} runs`)
    })
  },

  'BUILD-10': ({ end, ledger }: Outcome): Verdict =>
    all(
      every(ledger, ([name, times]) => because(times <= 1, () => `${name} was started ${String(times)} times`)),
      every(builds(end), ([name, { phase, status }]) =>
        because(isFinal(status) && phase._tag === 'Settled', () => `${name} is left ${status}, ${phase._tag}`)
      ),
      every(M.toEntries(end.builds.runs), ([key, { builds: those }]) => because(!M.isEmpty(those), () => `${key} was never read`))
    ),

  'BUILD-11': ({ began, isHurried, knot, told }: PushLife): Verdict =>
    every([...told], ([push, { pipelines, refUpdates }]) => {
      const keys = began.filter((key) => pipelines.includes(key) || refUpdates.includes(key))
      const both = Math.max(pipelines.length, refUpdates.length)
      const [least, most] = knot === 'bare' ? [pipelines.length, pipelines.length] : knot === 'mute' ? [pipelines.length, both] : [both, both]
      return all(
        because(keys.length >= least, () => `${push} has begun ${String(keys.length)} runs, and should ${String(least)}`),
        because(keys.length <= most, () => `${push} has begun ${String(keys.length)} runs, and should ${String(most)}`),
        because(
          isHurried || knot === 'detailed' || pipelines.length < refUpdates.length || keys.every((key) => pipelines.includes(key)),
          () => `${push} has a run under another key than its pipeline's`
        )
      )
    }),

  'BUILD-12': (run: Run) =>
    every(run.steps, ({ after, before, effects, event }) => {
      if (event._tag !== 'CancelRequested' && event._tag !== 'RetryRequested') return true
      const refusal = orderRefusal(event)(before)
      const caused = effects.filter((effect) => refusal !== 'right' || effect._tag !== 'Report' || effect.report._tag !== 'TriggerIgnored')
      return all(
        equal(`${event._tag} is refused as ${String(refusal)}`, same(after.builds, before.builds), refusal !== null),
        when(refusal !== null, () => equal('what a refused order causes', caused, []))
      )
    }),

  'BUILD-13': ({ effects, input, rows, workflows }: Hoard): Verdict => {
    const plans = effectsOf(effects, 'StartBuild').map(({ plan }) => plan)
    const told = effectsOf(effects, 'PublishStatus').flatMap(({ entry }) => (entry.error === NO_ROOM ? [entry.build.workflow] : []))
    const counted = effectsOf(effects, 'Report').flatMap(({ report }) => (report._tag === 'WorkflowDropped' ? [report.build.workflow] : []))
    const units = rows.map((row) => unitsOfRow(row))
    const left = RUN_UNITS_MAX - (units[0] ?? 0) - workflows.length * SPARE
    return all(
      every(units, (count) => because(count <= RUN_UNITS_MAX, () => `a run has ${String(count)} units`)),
      every(rows, (row) => equal('how often inputs are kept', row.split(JSON.stringify(input)).length - 1, 1)),
      every(plans, ({ variables }) => because(variables.some(([name, value]) => name === 'TANGLED_INPUT_K' && value === input), () => 'a plan without the input')),
      equal('what is counted', counted, told),
      every(workflows, (workflow) =>
        because(
          workflow._tag === 'Faulty' || !told.includes(workflow.name) || workflow.units > left,
          () => `${workflow.name} would have had room`
        )
      )
    )
  },

  'BUILD-14': (run: Run) => {
    let followed: ReadonlyArray<string> = []
    return every(run.steps, ({ after, effects, event }) => {
      if (event._tag === 'Started') followed = []
      for (const effect of effects) {
        if (effect._tag === 'FollowBuild') followed = [...followed, nameText(effect.build)]
        if (effect._tag === 'UnfollowBuild') followed = followed.filter((name) => name !== nameText(effect.build))
      }
      const states = builds(after)
      const isNeeded = ({ phase }: Builds.Build): boolean => phase._tag !== 'Settled' && 'external' in phase
      return (
        after.isStopped ||
        all(
          every(followed, (name) => because(states.some(([other, build]) => other === name && isNeeded(build)), () => `${name} is followed for nothing`)),
          every(states, ([name, { phase }]) => because(phase._tag !== 'Following' || followed.includes(name), () => `${name} is not followed`))
        )
      )
    })
  },

  'BUILD-15': (run: Run) =>
    every(run.steps, ({ after, before, effects, event }) => {
      const earlier = new Map(sumsOf(before, after).map(({ name, units }) => [name, units]))
      const refused = effectsOf(effects, 'Report').some(({ report }) => report._tag === 'TriggerRefused' && isForWantOfRoom(report))
      const { owed } = after.builds.kept
      return all(
        equal('how many wait', waitsKept(after), waitsIn(after)),
        equal('what is counted of what is owed', owed, counted(after).reduce((sum, { isOver, units }) => sum + (isOver ? 0 : units), 0)),
        every(sumsOf(after, after), ({ limit, name, units }) =>
          because(units <= limit || units <= (earlier.get(name) ?? 0), () => `${name}: ${String(units)} units, of ${String(limit)}`)
        ),
        when(refused && event._tag === 'KnotReceived', () =>
          because(
            event._tag === 'KnotReceived' && sumsFor(after, event).some(({ limit, units }) => units + unitsOfTrigger(triggerOf(event)) > limit),
            () => 'a trigger is refused for which there is room'
          )
        )
      )
    }),

  'BUILD-16': (run: Run) =>
    every(run.steps, (step) => {
      const was = new Map(builds(step.before))
      return every(builds(step.after), ([name, { error, status }]) => {
        const before = was.get(name)
        // While it is stopped no timer is set, so it does not show how long the pause is.
        if (step.after.isStopped || before?.status !== 'pending' || status !== 'pending') return true
        const isDue = before.error === null && pausesUntil(step, name) >= before.statusUs + PENDING_QUIETLY_US
        return because((error !== before.error) === isDue, () => `${name} is pending, and says ${String(error)}`)
      })
    })
} satisfies Laws
