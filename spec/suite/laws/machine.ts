/** MACHINE: what holds of the machine as a whole, whatever the stream says. The words are in laws.md. */
import * as E from 'fp-ts/lib/Either.js'
import {
  asAdvance,
  CONCERNS,
  type Connections,
  type Counters,
  decodeFrame,
  decodeKnotFrame,
  type Effect,
  Event,
  fold,
  FrameRejected,
  type HostName,
  type KnotReceipt,
  KnotReceived,
  KnotFrameRejected,
  type Natural,
  OrderedMap as M,
  planOf,
  Numbers,
  type Receipt,
  type Report,
  type Requested,
  type Rkey,
  State,
  type Timer,
  type TimeUs
} from '../../../core/index.js'
import { pure, type Step, steps, take } from './fence.js'
import { all, because, equal, every, type Laws, same, type Verdict, when } from './law.js'
import {
  accountsOf,
  configured,
  effectsText,
  end,
  isFrame,
  isRepeated,
  isStale,
  reportsOf,
  type Run,
  runOf,
  subscribedBy,
  subscriptionsOf,
  textOf,
  unsubscribedBy
} from './run.js'
import { wantedIn } from './model.js'

// ---------------------------------------------------------------------------------------- helpers

/** The state as another process reads it back. */
export const reread = (state: State): State => {
  const text: unknown = JSON.parse(textOf(state))
  const decoded = pure(() => State.decode(text))
  if (E.isLeft(decoded)) throw new Error('a state does not decode')
  return decoded.right
}

const sameSteps = (found: ReadonlyArray<Step>, expected: ReadonlyArray<Step>): Verdict =>
  all(
    equal('steps', found.length, expected.length),
    every(found, (step, i) =>
      all(
        equal('effects', step.effects, expected[i]?.effects),
        because(same(step.after, expected[i]?.after), () => 'the states differ')
      )
    )
  )

/** A gap is reported with the time of receipt of the event that showed it; of merged events, that is the last. */
const undated = (effects: ReadonlyArray<Effect>): ReadonlyArray<Effect> =>
  effects.map((effect) =>
    effect._tag === 'Report' && effect.report._tag === 'Gap' ? { ...effect, report: undatedReport(effect.report) } : effect
  )

const undatedReport = (report: Report): Report => (report._tag === 'Gap' ? { ...report, at: report.askedUs } : report)

const undatedState = (state: State): State => ({
  ...state,
  counters: { ...state.counters, recent: state.counters.recent.map(undatedReport) }
})

/** Whether the effect is one that a machine which is stopped may still want: to say something. */
const isSaid = ({ _tag }: Effect): boolean => _tag === 'PublishPipeline' || _tag === 'PublishStatus' || _tag === 'Report'

const isAscending = (hosts: ReadonlyArray<HostName>): boolean => hosts.every((host, i) => i === 0 || (hosts[i - 1] ?? '') < host)

/** The place of an effect in the fixed order; the pause before a reconnection goes with what it is for. */
const place = (effect: Effect): number => {
  switch (effect._tag) {
    case 'OpenJetstream':
    case 'CloseJetstream':
      return 0
    case 'WakeAfter':
      return effect.timer._tag === 'RequestTimer' ? REQUESTS[effect.timer.requested._tag] : PLACES[effect.timer._tag]
    case 'SubscribeKnot':
      return 1
    case 'UnsubscribeKnot':
      return 2
    case 'ReadAccess':
      return 3
    case 'ReadRecords':
      return 4
    case 'ReadWorkflows':
    case 'StartBuild':
    case 'FindBuild':
    case 'FollowBuild':
    case 'UnfollowBuild':
    case 'CancelBuild':
    case 'PublishPipeline':
    case 'PublishStatus':
      return 5
    case 'Report':
      return 6
  }
}

const REQUESTS: { readonly [T in Requested['_tag']]: number } = { Access: 3, Build: 5, Records: 4, Workflows: 5 }

const PLACES: { readonly [T in Exclude<Timer['_tag'], 'RequestTimer'>]: number } = {
  JetstreamTimer: 0,
  KnotTimer: 1,
  PushTimer: 5,
  SourceTimer: 5,
  DeadlineTimer: 5
}

/** What a state that was just started has asked about builds: workflow files, and of each build that is owed anything where it stands. */
const owedBuilds = (state: State, at: TimeUs): ReadonlyArray<Effect> => [...owedSources(state, at), ...owedRuns(state)]

/** How long knots that nobody holds are remembered still. */
const owedSources = ({ builds }: State, at: TimeUs): ReadonlyArray<Effect> =>
  M.toEntries(builds.sources).flatMap(([knot, { leaving }]): ReadonlyArray<Effect> => {
    if (leaving === null) return []
    const ms = Math.max(0, Math.min(600_000, Math.ceil((leaving.untilUs - at) / 1_000))) as Natural
    return [{ _tag: 'WakeAfter', highMs: ms, lowMs: ms, timer: { _tag: 'SourceTimer', knot, number: leaving.number } }]
  })

const owedRuns = ({ builds, config }: State): ReadonlyArray<Effect> =>
  M.toEntries(builds.runs).flatMap(([key, run]): ReadonlyArray<Effect> => {
    const [knot, rkey] = [key.slice(0, key.indexOf('/')) as HostName, key.slice(key.indexOf('/') + 1) as Rkey]
    // It waits from when its knot is connected.
    if (run.phase._tag === 'Waiting') return []
    if (run.phase._tag !== 'Read') {
      const { request: { number }, workflows } = run.phase
      const sha = run.cause._tag === 'Push' ? run.cause.newSha : run.cause._tag === 'PullRequest' ? run.cause.sourceSha : run.cause.sha
      return [{ _tag: 'ReadWorkflows', knot, number, repository: run.repository, rkey, sha, workflows }]
    }
    return M.toEntries(run.builds).flatMap(([workflow, { deadline, phase, recipe, status }]): ReadonlyArray<Effect> => {
      const build = { knot, rkey, workflow }
      if (phase._tag === 'Settled' || recipe === null) return []
      const plan = planOf(build, run, recipe)
      const { pendingMs, runningMs } = config.builds
      const ms = status === 'running' ? runningMs : pendingMs
      const timer: Effect = { _tag: 'WakeAfter', highMs: ms, lowMs: ms, timer: { _tag: 'DeadlineTimer', build, number: deadline } }
      const asked: Effect =
        phase._tag === 'Following'
          ? { _tag: 'FollowBuild', build, external: phase.external, plan }
          : phase._tag === 'Cancelling'
            ? { _tag: 'CancelBuild', build, external: phase.external, number: phase.request.number, plan }
            : { _tag: 'FindBuild', build, number: phase.request.number, plan }
      return status === 'pending' || status === 'running' ? [timer, asked] : [asked]
    })
  })

/** The phases in which a state may be after a start: nothing waits for a timer. */
const ASKED = ['Finding', 'Following', 'Cancelling', 'Settled', 'Reading', 'Read', 'Waiting']

const connectionsOf = ({ cursor, knots }: State): ReadonlyArray<Connections.Connection> => [
  cursor.connection,
  ...M.toEntries(knots.subscriptions).map(([, { connection }]) => connection)
]

type Rejected = Extract<Event, { readonly _tag: 'FrameRejected' | 'KnotFrameRejected' }>

const isOfOldConnection = (state: State, event: Rejected): boolean =>
  event._tag === 'FrameRejected'
    ? isStale(state, event)
    : subscriptionsOf(state).get(event.host)?.connection.number !== event.connection

/** What is said about a rejection: all it knows but where on the wire it came from. */
const reported = (event: Rejected): object => {
  if (event._tag === 'KnotFrameRejected') {
    const { _tag, at, detail, host, reason } = event
    return { _tag, at, detail, host, reason }
  }
  const { _tag, at, collection, detail, did, operation, reason, rkey } = event
  return { _tag, at, collection, detail, did, operation, reason, rkey }
}

/** The slices of the state, each with its name in the table of concerns. */
const SLICES = ['access', 'backfill', 'builds', 'commits', 'cursor', 'knots'] as const

const framesIn = ({ before, event }: Step): number => {
  if (!isFrame(event) || isStale(before, event)) return 0
  return event._tag === 'StreamAdvanced' ? event.count : 1
}

const kindsOf = (counters: Counters.Counters): ReadonlyMap<string, number> => new Map(M.toEntries(counters.reports))

/** The number that an effect is the first to carry, and out of whose hands it is: the stream's, the knots', that of who may push, the backfill's, the builds'. */
const numberOf = (effect: Effect): readonly [from: 'access' | 'backfill' | 'builds' | 'knots' | 'stream', number: number] | null => {
  switch (effect._tag) {
    case 'OpenJetstream':
      return ['stream', effect.connection]
    case 'SubscribeKnot':
      return ['knots', effect.connection]
    case 'ReadAccess':
      return ['access', effect.number]
    case 'ReadRecords':
      return ['backfill', effect.number]
    case 'ReadWorkflows':
    case 'StartBuild':
    case 'FindBuild':
    case 'CancelBuild':
      return ['builds', effect.number]
    case 'WakeAfter':
      if (effect.timer._tag === 'RequestTimer' && effect.timer.requested._tag === 'Access') return ['access', effect.timer.number]
      if (effect.timer._tag === 'RequestTimer' && effect.timer.requested._tag === 'Records') return ['backfill', effect.timer.number]
      return 'number' in effect.timer ? ['builds', effect.timer.number] : null
    default:
      return null
  }
}

const numbersRise = (taken: ReadonlyArray<Step>): Verdict => {
  const greatest = { access: 0, backfill: 0, builds: 0, knots: 0, stream: 0 }
  return every(taken, ({ effects }) =>
    every(effects, (effect) => {
      const numbered = numberOf(effect)
      if (numbered === null) return true
      const [from, number] = numbered
      const isNew = number > greatest[from]
      greatest[from] = number
      return because(isNew, () => `the number of ${effectsText([effect])} was given out before`)
    })
  )
}

/** How often an event that only moves the cursor comes right after another, and our clock was not set back in between. */
const pairsToMerge = (taken: ReadonlyArray<Step>): number => {
  const atOf = (i: number): number => taken[i]?.event.at ?? 0
  const isAdvance = taken.map(({ before, event }) => pure(() => asAdvance(before, event)) !== null)
  return isAdvance.filter((advance, i) => advance && isAdvance[i - 1] === true && atOf(i - 1) <= atOf(i)).length
}

const lengthOf = (texts: ReadonlyArray<string>): number => texts.reduce((sum, text) => sum + text.length, 0)

/** How much the event has of what only builds need: files that were changed, inputs, workflow files and what they say to a build. */
const weightOf = (event: Event): number => {
  if (event._tag === 'KnotReceived' && event.payload._tag === 'Trigger') {
    const { cause, workflows } = event.payload.trigger
    return (
      lengthOf(cause._tag === 'Push' ? (cause.changedFiles ?? []) : cause._tag === 'Manual' ? cause.inputs.flat() : []) +
      lengthOf((workflows ?? []).map(({ text }) => text))
    )
  }
  if (event._tag !== 'WorkflowsRead') return 0
  const said = event.workflows.flatMap((workflow) =>
    workflow._tag === 'Faulty'
      ? []
      : [
          ...workflow.environment.flat(),
          ...workflow.steps.flatMap(({ command, environment, name }) => [command, name, ...environment.flat()]),
          ...workflow.targets.flatMap(({ settings }) => settings.flat())
        ]
  )
  return lengthOf((event.sources ?? []).map(({ text }) => text)) + lengthOf(said)
}

/** How much of that is in the state after the step, or in what it says. */
const neededOf = ({ after, before, effects, event }: Step): number => {
  if (event._tag === 'KnotReceived') {
    const key = `${event.host}/${event.rkey}`
    const run = M.toEntries(after.builds.runs).find(([name]) => name === key)?.[1]
    if (run === undefined || M.toEntries(before.builds.runs).some(([name]) => name === key)) return 0
    const { cause, phase } = run
    return (
      lengthOf(cause._tag === 'Push' ? (cause.changedFiles ?? []) : cause._tag === 'Manual' ? cause.inputs.flat() : []) +
      lengthOf('workflows' in phase ? (phase.workflows ?? []).map(({ text }) => text) : [])
    )
  }
  if (event._tag !== 'WorkflowsRead') return 0
  const run = M.toEntries(after.builds.runs).find(([name]) => name === `${event.knot}/${event.rkey}`)?.[1]
  const planned = run === undefined ? [] : M.toEntries(run.builds).flatMap(([name, { recipe }]) => (recipe === null ? [] : [name as string]))
  const told = effects.flatMap((effect) => (effect._tag === 'PublishPipeline' ? effect.entry.workflows.map(({ text }) => text) : []))
  return lengthOf(told) + weightOf({ ...event, sources: null, workflows: event.workflows.filter(({ name }) => planned.includes(name)) })
}

// ---------------------------------------------------------------------------------------- laws

export interface Split {
  readonly at: number
  readonly run: Run
}

/** A text that came, and how. */
export interface Frame {
  readonly receipt: Receipt
  readonly text: string
}

export interface KnotFrame {
  readonly receipt: KnotReceipt
  readonly text: string
}

export const MACHINE = {
  'MACHINE-1': (run: Run): Verdict => sameSteps(runOf(structuredClone(run.config), structuredClone(run.events)).steps, run.steps),

  'MACHINE-2': (run: Run): Verdict =>
    every(run.steps, ({ before, event }) => {
      const [state, copy] = [structuredClone(before), structuredClone(event)]
      take(before, event)
      return because(same(before, state) && same(event, copy), () => 'an input was changed')
    }),

  'MACHINE-3': ({ other, run }: { readonly other: Run; readonly run: Run }): Verdict =>
    every(other.events, (event) => because(State.is(take(end(run), event).after), () => 'no state came out')),

  'MACHINE-4': ({ receipt, text }: Frame): Verdict => {
    const decoded = pure(() => decodeFrame(receipt)(text))
    return E.isLeft(decoded)
      ? because(FrameRejected.is(decoded.left), () => 'the rejection is no event')
      : because(Event.is(decoded.right), () => `no event: ${JSON.stringify(decoded.right)}`)
  },

  'MACHINE-5': ({ receipt, text }: KnotFrame): Verdict => {
    const decoded = pure(() => decodeKnotFrame(receipt)(text))
    return E.isLeft(decoded)
      ? because(KnotFrameRejected.is(decoded.left), () => 'the rejection is no event')
      : because(KnotReceived.is(decoded.right), () => `no event: ${JSON.stringify(decoded.right)}`)
  },

  'MACHINE-6': (run: Run): Verdict =>
    every(run.steps, ({ after, before, effects, event }) => {
      if (event._tag !== 'FrameRejected' && event._tag !== 'KnotFrameRejected') return true
      if (isFrame(event) && isStale(before, event)) return true
      const { askedUs, cursor, mark, poisonings, rereadUs } = after.cursor
      const isWhereItWas = cursor === before.cursor.cursor && rereadUs === before.cursor.rereadUs
      return all(
        every(['access', 'backfill', 'builds', 'commits', 'knots'] as const, (slice) =>
          because(same(after[slice], before[slice]), () => `${slice} changed`)
        ),
        equal('the stream', after.cursor, { ...before.cursor, askedUs, cursor, mark, poisonings, rereadUs }),
        // The losses at one place are counted from zero wherever we move to.
        when(isWhereItWas, () => equal('poisonings', poisonings, before.cursor.poisonings)),
        when(event._tag === 'KnotFrameRejected', () => equal('the stream', after.cursor, before.cursor)),
        every(effects, (effect) => effect._tag === 'Report'),
        equal(
          'the report of it',
          reportsOf(effects).filter((report) => report._tag === event._tag),
          isOfOldConnection(before, event) || (isFrame(event) && isRepeated(before, event)) ? [] : [reported(event)]
        )
      )
    }),

  'MACHINE-7': (run: Run): Verdict =>
    every(run.steps, ({ after, before, effects, event }) => {
      const restored = take(reread(before), event)
      return all(
        equal('effects', restored.effects, effects),
        because(same(restored.after, after), () => 'the states differ')
      )
    }),

  'MACHINE-8': ({ at, run }: Split): Verdict => {
    const half = at % (run.events.length + 1)
    const snapshot = half === 0 ? runOf(run.config, []) : { ...run, steps: run.steps.slice(0, half) }
    return sameSteps(steps(reread(end(snapshot)), run.events.slice(half)), run.steps.slice(half))
  },

  'MACHINE-9': ({ at, run }: Split): Verdict => {
    const half = at % (run.events.length + 1)
    const start = half === 0 ? end(runOf(run.config, [])) : end({ ...run, steps: run.steps.slice(0, half) })
    const rest = run.steps.slice(half)
    const folded = pure(() => fold(start, run.events.slice(half)))
    const journalled = steps(start, folded.events)
    const reached = journalled[journalled.length - 1]?.after ?? start
    return all(
      because(same(folded.state, reached), () => 'the batch is not the fold of what it journals'),
      equal(
        'effects of what it journals',
        folded.effects,
        journalled.flatMap((step) => step.effects)
      ),
      because(same(undatedState(folded.state), undatedState(end(run))), () => 'merged and one by one end in different states'),
      equal('effects', undated(folded.effects), undated(rest.flatMap((step) => step.effects))),
      because(folded.events.length <= rest.length - pairsToMerge(rest), () => 'two advances in a row were left apart'),
      because(
        journalled.every(({ after, before, effects }) => after !== before || effects.length > 0),
        () => 'what changed nothing is journalled'
      )
    )
  },

  'MACHINE-10': (run: Run): Verdict =>
    every(run.steps, ({ effects, event }) =>
      all(
        every(effects, (effect, i) => {
          const previous = effects[i - 1]
          return previous === undefined || place(previous) <= place(effect) || `${previous._tag} comes before ${effect._tag}`
        }),
        because(isAscending(subscribedBy(effects)), () => 'subscriptions do not ascend'),
        because(isAscending(unsubscribedBy(effects)), () => `unsubscriptions do not ascend at ${event._tag}`)
      )
    ),

  'MACHINE-11': (run: Run): Verdict =>
    every(run.steps, ({ after, before, event }) =>
      every(
        SLICES.filter((slice) => !CONCERNS[event._tag].includes(slice)),
        (slice) => because(after[slice] === before[slice], () => `${event._tag} changed ${slice}`)
      )
    ),

  'MACHINE-12': (run: Run): Verdict =>
    every(run.steps, (step) => {
      const { after, before, effects } = step
      const reports = reportsOf(effects)
      const counted = new Map(kindsOf(before.counters))
      for (const report of reports) {
        const kind = 'reason' in report ? `${report._tag}/${report.reason}` : report._tag
        counted.set(kind, (counted.get(kind) ?? 0) + 1)
      }
      return all(
        equal('frames', after.counters.frames, before.counters.frames + framesIn(step)),
        equal(
          'reports',
          [...kindsOf(after.counters)],
          [...counted].sort(([a], [b]) => (a < b ? -1 : 1))
        ),
        equal('recent', after.counters.recent, [...before.counters.recent, ...reports].slice(-20))
      )
    }),

  'MACHINE-13': (run: Run): Verdict => {
    let stopped = false
    return every(run.steps, ({ after, before, effects, event }) => {
      const wasStopped = stopped
      stopped = event._tag === 'StopRequested' || (stopped && event._tag !== 'Started')
      const isLive = before.cursor.connection.phase._tag === 'Connecting' || before.cursor.connection.phase._tag === 'Open'
      return all(
        equal('stopped', after.isStopped, stopped),
        when(stopped, () => every(connectionsOf(after), ({ phase }) => equal('connection', phase._tag, 'Idle'))),
        when(wasStopped && stopped, () => every(effects, (effect) => because(isSaid(effect), () => `${effect._tag} after a stop`))),
        when(!wasStopped && stopped, () =>
          equal('what a stop ends', effects, [
            ...(isLive ? [{ _tag: 'CloseJetstream', connection: before.cursor.connection.number }] : []),
            ...M.toEntries(before.knots.subscriptions).map(([host, { connection }]) => ({
              _tag: 'UnsubscribeKnot',
              connection: connection.number,
              host
            }))
          ])
        )
      )
    })
  },

  'MACHINE-14': (run: Run): Verdict =>
    configured(run, ({ after, effects, event }, config) =>
      when(event._tag === 'Started', () => {
        const wanted = wantedIn(accountsOf(after), config).map(([host]) => host)
        const owed = owedBuilds(after, event.at)
        const { accounts, isOpen, owner } = after.backfill
        const runs = M.toEntries(after.builds.runs).map(([, run]) => run)
        const builds = runs.flatMap((run) => M.toEntries(run.builds).map(([, build]) => build))
        return all(
          equal(
            'connections',
            effects.filter((effect) => place(effect) < 3).map((effect) => effect._tag),
            ['OpenJetstream', ...wanted.map(() => 'SubscribeKnot')]
          ),
          equal('subscribed', subscribedBy(effects), wanted),
          equal('the configuration', after.config, config),
          every(connectionsOf(after), ({ attempt, phase }) => equal('connection', [attempt, phase._tag], [0, 'Connecting'])),
          // Who holds a right no more is told so before: of that, what is still to be cancelled is asked for once more.
          equal(
            'builds',
            effects.filter(
              (effect) =>
                place(effect) === 5 && effect._tag !== 'PublishStatus' && (effect._tag !== 'CancelBuild' || owed.some((one) => same(one, effect)))
            ),
            owed
          ),
          every([...runs, ...builds], ({ phase }) =>
            because(
              ASKED.includes(phase._tag) && (!('request' in phase) || (phase.request.attempt === 0 && phase.request.phase === 'Asked')),
              () => `after a start: ${JSON.stringify(phase)}`
            )
          ),
          // Nothing is read before the stream is open.
          every(effects, ({ _tag }) => because(_tag !== 'ReadRecords', () => 'records are read before the stream is open')),
          every(M.toEntries(accounts), ([, { request }]) => equal('reading', [request.attempt, request.phase], [0, 'Waiting'])),
          equal('open', isOpen, false),
          when(config.backfill, () => equal('the owner', owner, config.owner)),
          when(!config.backfill, () => equal('readings', M.size(accounts), 0))
        )
      })
    ),

  'MACHINE-15': (run: Run): Verdict => numbersRise(run.steps),

  'MACHINE-16': (run: Run): Verdict =>
    every(run.steps, ({ after, before, effects, event }) => {
      const lazy = pure(() => fold(before, [event])).isLazy
      return all(
        every(['access', 'backfill', 'builds', 'commits', 'knots'] as const, (slice) =>
          all(
            when(pure(() => asAdvance(before, event)) !== null, () =>
              because(after[slice] === before[slice], () => `an advance changed ${slice}`)
            ),
            when(lazy, () => because(after[slice] === before[slice], () => `what changed ${slice} may wait`))
          )
        ),
        when(lazy, () => equal('lazy', effects.length, 0))
      )
    }),

  'MACHINE-17': (run: Run): Verdict =>
    every(run.steps, (taken) => {
      const { after, before, effects, event } = taken
      const { events } = pure(() => fold(before, [event]))
      const journalled = steps(before, events)
      return all(
        equal(
          'effects of what is journalled',
          journalled.flatMap((step) => step.effects),
          effects
        ),
        because(same(journalled[journalled.length - 1]?.after ?? before, after), () => 'what is journalled leads to another state'),
        every(events, (kept) => because(weightOf(kept) <= neededOf(taken), () => `more is journalled than is needed: ${JSON.stringify(kept)}`))
      )
    }),

  'MACHINE-18': ({ by, run }: { readonly by: number; readonly run: Run }) =>
    every(run.steps, ({ after, before, event }) => {
      const number = Numbers.numberIn(event)
      // A limit that fires before its time is no question yet, and counts all the same.
      if (number === null || (event._tag === 'TimerFired' && event.timer._tag === 'DeadlineTimer')) return true
      if (number !== Numbers.openNumber(before, event))
        return because(
          same(after.access, before.access) && same(after.builds, before.builds) && same(after.backfill, before.backfill) && same(after.knots, before.knots),
          () => `${event._tag} under ${String(number)} did something`
        )
      const [known, told] = Numbers.renumber(Numbers.NONE_RENUMBERED, before, Numbers.withNumber(event, (number + by) as Natural))
      const [, again] = Numbers.renumber(known, after, Numbers.withNumber(event, (number + by) as Natural))
      return all(equal('what is told', told, event), equal('what is told of the same question later', again, event))
    })
} satisfies Laws
