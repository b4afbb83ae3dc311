/** ACCESS: who may push, as knots and records say. The words are in laws.md. */
import {
  type Access,
  type AccessAnswer,
  type Builds,
  callAnswer,
  type CallReceived,
  Commits,
  type Config,
  Did,
  type Effect,
  type Event,
  type HostName,
  OrderedMap as M,
  orderRefusal,
  type Repository,
  type Rkey,
  type State,
  tidOf,
  type TimeUs,
  type TokenId
} from '../../../core/index.js'
import { holds, mayTrigger } from './builds.js'
import { pure, type Step } from './fence.js'
import { all, because, equal, every, type Laws, same, type Verdict, when } from './law.js'
import { accountsOf, configured, type Run, subscriptionsOf } from './run.js'

/** For how long a list counts that cannot be read again. */
const DAY_US = 86_400_000_000

// ---------------------------------------------------------------------------------------- what is claimed

export interface Claim {
  readonly knot: HostName
  readonly repository: Repository
}

/** The repositories that live records claim through us, by owner and key: from the rows alone. */
const claimsIn = (state: State, config: Config): ReadonlyArray<Claim> =>
  accountsOf(state).flatMap(([owner, { repos }]) =>
    M.toEntries(repos).flatMap(([rkey, { record }]) =>
      record !== null && record.knot !== null && holds(state, config, record.knot, owner, rkey)
        ? [{ knot: record.knot, repository: { did: record.repoDid, name: record.name === '' ? rkey : record.name, owner, rkey } }]
        : []
    )
  )

const keyOf = (knot: string, did: string): string => `${knot}/${Did.is(did) ? did : ''}`

/** The repositories of which it is to be known who may push. */
const keysIn = (state: State, config: Config): ReadonlyArray<string> =>
  config.collaborators === 'records' ? [] : [...new Set(claimsIn(state, config).map(({ knot, repository }) => keyOf(knot, repository.did)))].sort()

/** Who claims the repository of an entry. */
const claimantsIn = (state: State, key: string): ReadonlyArray<Did> =>
  claimsIn(state, state.config).flatMap(({ knot, repository }) => (keyOf(knot, repository.did) === key ? [repository.owner] : []))

/** Whether whom the knot calls the owner has begun to claim the repository in this step, or has ceased to. */
const isClaimTurned = ({ after, before }: Step, key: string, access: AccessAnswer | null): boolean =>
  access?._tag === 'ByKnot' && claimantsIn(before, key).includes(access.owner) !== claimantsIn(after, key).includes(access.owner)

/** Of how many of the repositories that each account claims there are entries. */
const entriesBy = (state: State): ReadonlyMap<Did, number> => {
  const counts = new Map<Did, number>()
  for (const key of entriesIn(state).keys()) for (const did of new Set(claimantsIn(state, key))) counts.set(did, (counts.get(did) ?? 0) + 1)
  return counts
}

const entriesIn = (state: State): ReadonlyMap<string, Access.Entry> => new Map(M.toEntries(state.access.entries))

// ---------------------------------------------------------------------------------------- what knots have said

/** What is known of a repository, by what its knot has said. */
interface Known {
  readonly access: AccessAnswer | null
  readonly asOfUs: number | null
  /** The first number of a question that was asked after all that the knot has told. */
  readonly fromNumber: number
}

type Model = ReadonlyMap<string, Known>

/** The question about a repository that the event answers, if it does: whether it is open is the state's to say. */
const answeredBy = (event: Event): { readonly key: string; readonly number: number } | null => {
  if (event._tag === 'AccessRead') return { key: `${event.knot}/${event.repo}`, number: event.number }
  return event._tag === 'RequestFailed' && event.requested._tag === 'Access'
    ? { key: `${event.requested.knot}/${event.requested.repo}`, number: event.number }
    : null
}

/** Whether it is the answer that is awaited. */
export const isAwaited = (before: State, event: Event): boolean => {
  const answered = answeredBy(event)
  const request = answered === null ? undefined : entriesIn(before).get(answered.key)?.request
  return answered !== null && request?.phase === 'Asked' && request.number === answered.number
}

type Told = Extract<Event, { readonly _tag: 'CollaboratorUpdated' }>

/** Whether a knot tells of its list, over the connection that there is. */
export const isTold = (before: State, event: Event): event is Told =>
  event._tag === 'CollaboratorUpdated' && subscriptionsOf(before).get(event.host)?.connection.number === event.connection

const isOld = ({ asOfUs }: Pick<Known, 'asOfUs'>, at: number): boolean => asOfUs === null || at - asOfUs > DAY_US

const without = (access: AccessAnswer | null, did: Did): AccessAnswer | null =>
  access?._tag === 'ByKnot' ? { ...access, collaborators: access.collaborators.filter((one) => one !== did) } : access

/** Whether an answer says that the knot keeps lists. */
export const saysLists = (access: AccessAnswer | null): boolean => access?._tag === 'ByKnot' || (access?._tag === 'Denied' && access.keepsLists)

/** Whether it is known of a knot that it keeps lists, by any of its repositories. */
const isWithLists = (model: Model, knot: string): boolean => [...model].some(([key, { access }]) => key.startsWith(`${knot}/`) && saysLists(access))

/** A list is kept for whom the knot calls the owner, while they claim the repository. */
const withList = (access: AccessAnswer | null, isKept: boolean): AccessAnswer | null =>
  access?._tag === 'ByKnot' && !isKept ? { ...access, collaborators: [] } : access

/** What is known after a step, of a repository that is claimed before and after it. */
const learned = (step: Step, key: string, was: Known, model: Model): Known => {
  const { after, before, event } = step
  const known = isClaimTurned(step, key, was.access) ? { ...was, access: withList(was.access, false) } : was
  if (event._tag === 'Started') return { ...known, access: isOld(known, event.at) ? null : known.access }
  if (isTold(before, event) && key === `${event.host}/${event.update.repo}`) {
    const { op, subject } = event.update
    return { ...known, access: op === 'remove' ? without(known.access, subject) : known.access, fromNumber: before.access.next }
  }
  const answered = answeredBy(event)
  if (answered === null || answered.key !== key || !isAwaited(before, event)) return known
  if (event._tag === 'AccessRead' && answered.number < known.fromNumber) return known
  const isTurning = event._tag === 'AccessRead' && event.access._tag === 'ByRecords' && event.repo !== '' && isWithLists(model, event.knot)
  if (event._tag === 'AccessRead' && !isTurning) {
    const { access } = event
    const isKept = access._tag === 'ByKnot' && claimantsIn(after, key).includes(access.owner)
    return { ...known, access: withList(access, isKept), asOfUs: event.at }
  }
  return { ...known, access: isOld(known, event.at) ? null : known.access }
}

/** Runs `look` with what is known after each step: written here a second time, of events and rows alone. */
const watched = (run: Run, look: (step: Step, config: Config, model: Model) => Verdict): Verdict => {
  let model: Model = new Map()
  return configured(run, (step, config) => {
    const was = model
    const nothing: Known = { access: null, asOfUs: null, fromNumber: 0 }
    model = new Map(keysIn(step.after, config).map((key) => [key, learned(step, key, was.get(key) ?? nothing, was)]))
    return look(step, config, model)
  })
}

// ---------------------------------------------------------------------------------------- who has a say

type Say = 'granted' | 'refused' | 'unknown'

/** Whose the repository is, by what is known; `null` where the records say. */
const isAnothers = (known: Known | undefined, { owner }: Repository): boolean =>
  known === undefined || known.access?._tag === 'Denied' || (known.access?._tag === 'ByKnot' && known.access.owner !== owner)

/** The table of rights, once more. */
const sayOf = (state: State, config: Config, model: Model, { knot, repository }: Claim, actor: Did | null): Say => {
  const byRecords = mayTrigger(state, repository, actor) ? 'granted' : 'refused'
  if (config.collaborators === 'records') return byRecords
  const known = model.get(keyOf(knot, repository.did))
  if (isAnothers(known, repository)) return 'refused'
  const access = known?.access ?? null
  if (access === null) return 'unknown'
  if (access._tag !== 'ByKnot') return byRecords
  return actor === null || actor === repository.owner || access.collaborators.includes(actor) ? 'granted' : 'refused'
}

/** What comes of a trigger about the repository of that DID on that knot. */
const meaningOf = (state: State, config: Config, model: Model, knot: HostName, did: string, actor: Did | null): Commits.Entitlement['_tag'] => {
  const claims = claimsIn(state, config).filter(
    (claim) => claim.knot === knot && claim.repository.did === did && (config.collaborators === 'records' || !isAnothers(model.get(keyOf(knot, did)), claim.repository))
  )
  if (claims.length === 0) return 'Unknown'
  const own = claims.filter(({ repository }) => repository.owner === actor)
  const isOneOwners = new Set(claims.map(({ repository }) => repository.owner)).size === 1
  const says = (own.length > 0 ? own : isOneOwners ? claims : []).map((claim) => sayOf(state, config, model, claim, actor))
  if (says.includes('granted')) return 'Entitled'
  return says.includes('unknown') ? 'Undecided' : 'NotEntitled'
}

const rightTo = (state: State, config: Config, model: Model, knot: HostName, { actor, repository }: Pick<Builds.Run, 'actor' | 'repository'>): Say =>
  holds(state, config, knot, repository.owner, repository.rkey) ? sayOf(state, config, model, { knot, repository }, actor) : 'refused'

export const ACTORS: ReadonlyArray<Did> = ['did:plc:owner', 'did:plc:alice', 'did:plc:bob', 'did:plc:eve'].filter(Did.is)

const runsIn = ({ builds }: State): ReadonlyArray<readonly [HostName, Rkey, Builds.Run]> =>
  M.toEntries(builds.runs).map(([key, run]) => {
    const slash = key.indexOf('/')
    return [key.slice(0, slash) as HostName, key.slice(slash + 1) as Rkey, run]
  })

/** A call by a token that counts. */
const callBy = (state: State, caller: Did, call: CallReceived['call'], at: number): Builds.CallAnswer => {
  const now = Math.max(at, state.builds.tokensUs) as TimeUs
  const token = { id: 'nobody has used it' as TokenId, untilUs: (now + 1) as TimeUs }
  return pure(() => callAnswer({ _tag: 'CallReceived', at: now, call, caller, token })(state))
}

const isRefused = (answer: Builds.CallAnswer): boolean => answer._tag === 'Refused' && answer.refusal === 'right'

// ---------------------------------------------------------------------------------------- laws

const isOver = (status: string): boolean => status !== 'pending' && status !== 'running'

const started = (effects: ReadonlyArray<Effect>) => effects.flatMap((effect) => (effect._tag === 'StartBuild' ? [effect.build] : []))

/** All questions and pauses about who may push that have begun since the last start, as the requests that they are of. */
const begun = (effects: ReadonlyArray<Effect>): ReadonlyArray<string> =>
  effects.flatMap((effect) => {
    if (effect._tag === 'ReadAccess') return [`${effect.knot}/${effect.repo} Asked ${String(effect.number)}`]
    if (effect._tag !== 'WakeAfter' || effect.timer._tag !== 'RequestTimer' || effect.timer.requested._tag !== 'Access') return []
    const { number, requested } = effect.timer
    return [`${requested.knot}/${requested.repo} Pausing ${String(number)}`]
  })

export const ACCESS = {
  'ACCESS-1': (run: Run) =>
    watched(run, ({ after, event }, config, model) => {
      const claims = claimsIn(after, config)
      const places = claims.filter(({ repository }) => Did.is(repository.did))
      return all(
        every(places, ({ knot, repository: { did } }) =>
          every([null, ...ACTORS], (actor) => {
            const claim = { did: did as Did, knot: null, name: null, owner: null }
            const found = pure(() => Commits.entitlement(after, knot, claim, actor))
            return equal(`a push by ${actor ?? 'nobody'} to ${did} on ${knot}`, found._tag, meaningOf(after, config, model, knot, did, actor))
          })
        ),
        every(new Set(places.map(({ repository }) => repository.did as Did)), (repo) =>
          every(ACTORS, (actor) => {
            const knots = [...new Set(places.filter(({ repository }) => repository.did === repo).map(({ knot }) => knot))]
            const granting = knots.filter((knot) => meaningOf(after, config, model, knot, repo, actor) === 'Entitled')
            const cause = { _tag: 'Manual', inputs: [], ref: null, sha: null } as const
            const answer = callBy(after, actor, { _tag: 'TriggerPipeline', cause, repo, workflows: null }, event.at)
            return equal(`a call by ${actor} to build ${repo}`, isRefused(answer), granting.length !== 1)
          })
        ),
        every(runsIn(after), ([knot, rkey, its]) => {
          const right = rightTo(after, config, model, knot, its)
          const refusal = pure(() => orderRefusal({ _tag: 'RetryRequested', at: event.at, knot, rkey, workflow: null })(after))
          const retried = equal(`a retry of ${rkey}`, [refusal === 'right', refusal === 'undecided'], [right === 'refused', right === 'unknown'])
          const { announced, repository } = its
          if (announced === null || !Did.is(repository.did)) return retried
          const call = { _tag: 'CancelPipeline', pipeline: tidOf(announced.createdUs), repo: repository.did, workflows: null } as const
          return all(
            retried,
            every(ACTORS, (actor) => {
              const isGranted = rightTo(after, config, model, knot, { actor, repository }) === 'granted'
              return equal(`a call by ${actor} to cancel ${rkey}`, isRefused(callBy(after, actor, call, event.at)), !isGranted)
            })
          )
        })
      )
    }),

  'ACCESS-2': (run: Run) => {
    /** Whom knots have removed, and the first number of a question that was asked after that. */
    const removed = new Map<string, Map<Did, number>>()
    return every(run.steps, ({ after, before, event }) => {
      const [was, now] = [entriesIn(before), entriesIn(after)]
      for (const key of removed.keys()) if (!now.has(key)) removed.delete(key)
      if (isTold(before, event)) {
        const key = `${event.host}/${event.update.repo}`
        const those = removed.get(key) ?? new Map<Did, number>()
        if (event.update.op === 'remove' && now.has(key)) removed.set(key, those.set(event.update.subject, before.access.next))
        const grown = [...now].filter(([of, { access }]) => !isLesser(access, was.get(of)?.access ?? null))
        if (grown.length > 0) return 'what a knot told has granted something'
      }
      if (event._tag === 'AccessRead')
        for (const [did, number] of removed.get(`${event.knot}/${event.repo}`) ?? []) if (event.number >= number) removed.get(`${event.knot}/${event.repo}`)?.delete(did)
      return every(removed, ([key, those]) => {
        const access = now.get(key)?.access ?? null
        return because(access?._tag !== 'ByKnot' || !access.collaborators.some((did) => those.has(did)), () => `somebody whom ${key} has removed is on the list`)
      })
    })
  },

  'ACCESS-3': (run: Run) =>
    every(run.steps, (step) => {
      const { after, before, event } = step
      if (event._tag === 'Started' || isTold(before, event)) return true
      const answered = isAwaited(before, event) ? answeredBy(event) : null
      return every(entriesIn(after), ([key, { access, asOfUs }]) => {
        const was = entriesIn(before).get(key)
        if (was === undefined) return equal(`what is known of ${key} at first`, [access, asOfUs], [null, null])
        if (isClaimTurned(step, key, was.access)) return equal(`what is known of ${key}`, access, withList(was.access, false))
        if (answered?.key !== key) return because(same([access, asOfUs], [was.access, was.asOfUs]), () => `${key} has changed without an answer`)
        return when(event._tag === 'RequestFailed', () => equal(`what is known of ${key}`, [access, asOfUs], [isOld(was, event.at) ? null : was.access, was.asOfUs]))
      })
    }),

  'ACCESS-4': (run: Run) => {
    let since = new Set<string>()
    return configured(run, ({ after, effects, event }, config) => {
      const asks = begun(effects)
      if (event._tag === 'Started') since = new Set()
      const twice = asks.find((one) => since.has(one))
      for (const one of asks) since.add(one)
      return all(
        equal('of what it is kept who may push', [...entriesIn(after).keys()], keysIn(after, config)),
        because(twice === undefined, () => `${String(twice)} comes twice`),
        when(!after.isStopped, () =>
          every(entriesIn(after), ([key, { request }]) => {
            const text = `${key} ${request.phase} ${String(request.number)}`
            return because(since.has(text), () => `${text} was not asked for`)
          })
        )
      )
    })
  },

  'ACCESS-5': (run: Run) =>
    watched(run, ({ after, before, effects, event }, config, model) =>
      all(
        every(started(effects), ({ knot, rkey }) => {
          const run = runsIn(after).find(([of, key]) => of === knot && key === rkey)?.[2]
          if (run === undefined) return 'a build without a run is started'
          const isAsked = event._tag === 'WorkflowsRead' || event._tag === 'RetryRequested'
          const right = rightTo(after, config, model, knot, run)
          return when(isAsked || event._tag === 'BuildMissing', () => because(isAsked ? right === 'granted' : right !== 'refused', () => `${rkey} is started, its right being ${right}`))
        }),
        every(runsIn(after), ([knot, rkey, { builds, phase, repository }]) => {
          const known = model.get(keyOf(knot, repository.did))
          const isTaken = event._tag === 'AccessRead' && isAwaited(before, event) && event.knot === knot && event.repo === repository.did
          const isLost = isTaken && isAnothers(known, repository) && !same(entriesIn(before).get(keyOf(knot, repository.did))?.access ?? null, known?.access ?? null)
          return when(isLost, () =>
            because(phase._tag !== 'Reading' && phase._tag !== 'Waiting' && M.toEntries(builds).every(([, { status }]) => isOver(status)), () => `${rkey} goes on, of a repository that is another's`)
          )
        })
      )
    ),

  'ACCESS-11': (run: Run) =>
    every(run.steps, ({ after, before, effects }) =>
      every(effects, (effect) => {
        if (effect._tag !== 'ReadAccess') return true
        const key = `${effect.knot}/${effect.repo}`
        const claimants = [...new Set(claimantsIn(after, key))]
        const access = entriesIn(after).get(key)?.access ?? null
        const text = `${key} is asked about in the turns of ${effect.account}`
        if (access?._tag === 'ByKnot' && claimants.includes(access.owner)) return because(effect.account === access.owner, () => `${text}, and the owner is ${access.owner}`)
        // A step may ask about several, one after the other: whoever had fewer before it and after it had fewer within.
        const [was, now] = [entriesBy(before), entriesBy(after)]
        const isBefore = (counts: ReadonlyMap<Did, number>, one: Did, two: Did): boolean => {
          const more = (counts.get(one) ?? 0) - (counts.get(two) ?? 0)
          return more < 0 || (more === 0 && one < two)
        }
        const first = claimants.find((did) => isBefore(was, did, effect.account) && isBefore(now, did, effect.account))
        return all(
          because(claimants.includes(effect.account), () => `${text}, who does not claim it`),
          because(first === undefined, () => `${text}, and not of ${String(first)}`)
        )
      })
    ),

  'ACCESS-8': (run: Run) => {
    /** When the knot of a repository has said last that it keeps lists. */
    const listed = new Map<string, number>()
    return every(run.steps, ({ after, before, event }) => {
      const kept = entriesIn(after)
      for (const key of listed.keys()) if (!kept.has(key)) listed.delete(key)
      if (event._tag !== 'AccessRead' || !isAwaited(before, event) || event.repo === '') return true
      const key = `${event.knot}/${event.repo}`
      const [was, now] = [entriesIn(before).get(key), kept.get(key)]
      if (was?.isOutdated === true) return true
      if (event.access._tag !== 'ByRecords') {
        if (saysLists(event.access)) listed.set(key, event.at)
        else listed.delete(key)
        return true
      }
      const own = listed.get(key)
      const ages = [...listed].flatMap(([of, at]) => (of.startsWith(`${event.knot}/`) ? [event.at - at] : []))
      return all(
        when(ages.some((age) => age <= DAY_US), () => because(now?.access?._tag !== 'ByRecords' || was?.access?._tag === 'ByRecords', () => `the records of ${key} count`)),
        when(own !== undefined && event.at - own <= DAY_US, () => equal(`what is known of ${key}`, now?.access, was?.access))
      )
    })
  }
} satisfies Laws

/** Whether one grants no more than the other. */
const isLesser = (now: AccessAnswer | null, was: AccessAnswer | null): boolean => {
  if (now === null || same(now, was)) return true
  return now._tag === 'ByKnot' && was?._tag === 'ByKnot' && now.owner === was.owner && now.collaborators.every((did) => was.collaborators.includes(did))
}
