/** ACCESS, tried; and what holds of every machine, of one that asks knots. */
import fc from 'fast-check'
import { describe } from 'vitest'
import { type AccessAnswer, Commits, type Event, OrderedMap as M, type Report, type State } from '../../../core/index.js'
import { accessRuns, shortAccessRuns } from '../arbitraries/access.js'
import { claimCrowds, listCrowds } from '../arbitraries/crowd.js'
import { ACCESS, isAwaited, isTold, saysLists } from '../laws/access.js'
import { ACCOUNTS, CROWD, type Crowd, isStranger, reposOf, ROOM } from '../laws/crowd.js'
import type { Step } from '../laws/fence.js'
import { MACHINE } from '../laws/machine.js'
import { reportsOf } from '../laws/run.js'
import { some } from './cases.js'
import { check } from './support.js'

const answers = (tag: string) => some(({ before, event }) => event._tag === 'AccessRead' && event.access._tag === tag && isAwaited(before, event))

const pushIs = (tag: Commits.Entitlement['_tag']) =>
  some(({ after, event }) => {
    if (event._tag !== 'KnotReceived' || event.payload._tag !== 'Trigger' || after.config.collaborators === 'records') return false
    return Commits.entitlement(after, event.host, event.payload.trigger.repo, event.payload.trigger.actor)._tag === tag
  })

const reports = (tag: Report['_tag'], is: (step: Step) => boolean = () => true) =>
  some((step) => reportsOf(step.effects).some(({ _tag }) => _tag === tag) && is(step))

const tells = (op: 'add' | 'remove', is: (step: Step) => boolean = () => true) => some((step) => isTold(step.before, step.event) && step.event.update.op === op && is(step))

const isListed = ({ before, event }: Step): boolean => {
  if (event._tag !== 'CollaboratorUpdated') return false
  const { repo, subject } = event.update
  return M.toEntries(before.access.entries).some(([key, { access }]) => key === `${event.host}/${repo}` && access?._tag === 'ByKnot' && access.collaborators.includes(subject))
}

const isAsked = ({ before, event }: Step): boolean =>
  event._tag === 'CollaboratorUpdated' && M.toEntries(before.access.entries).some(([key, { request }]) => key === `${event.host}/${event.update.repo}` && request.phase === 'Asked')

const forgets = some(({ after, before, event }) =>
  event._tag === 'RequestFailed' && M.toEntries(before.access.entries).some(([key, { access }]) => access !== null && M.toEntries(after.access.entries).some(([of, now]) => of === key && now.access === null))
)

const isUnheard = some(({ before, event }) => event._tag === 'AccessRead' && !isAwaited(before, event))

const accessAt = ({ access }: State, name: string): AccessAnswer | null | undefined => M.toEntries(access.entries).find(([key]) => key === name)?.[1].access

const accessOf = (state: State, event: Event): AccessAnswer | null | undefined =>
  event._tag === 'AccessRead' ? accessAt(state, `${event.knot}/${event.repo}`) : undefined

/** Somebody is answered that the records decide, of whom a list is kept. */
const turns = (is: (step: Step) => boolean) =>
  some((step) => {
    const { before, event } = step
    return event._tag === 'AccessRead' && event.access._tag === 'ByRecords' && event.repo !== '' && isAwaited(before, event) && saysLists(accessOf(before, event) ?? null) && is(step)
  })

describe('ACCESS', () => {
  check(ACCESS, 'ACCESS-1', accessRuns, {
    'a knot with lists': answers('ByKnot'),
    'a knot without lists': answers('ByRecords'),
    'a push of which it is not known yet': pushIs('Undecided'),
    'a push that is granted': pushIs('Entitled'),
    'a push that is refused': pushIs('NotEntitled'),
    'a repository that is denied': answers('Denied'),
    'records everywhere': some(({ after }) => after.config.collaborators === 'records')
  })
  check(ACCESS, 'ACCESS-2', accessRuns, {
    'somebody is added': tells('add'),
    'somebody is removed, who is on the list': tells('remove', isListed),
    'somebody is removed while the list is being read': tells('remove', isAsked)
  })
  check(ACCESS, 'ACCESS-3', accessRuns, {
    'a list that could not be read again': reports('AccessReadFailed', ({ after }) => M.toEntries(after.access.entries).some(([, { access, request }]) => access !== null && request.attempt > 0)),
    'a list that could not be read for a day': forgets,
    'an answer that nobody waits for': isUnheard
  })
  check(ACCESS, 'ACCESS-4', accessRuns, {
    'a repository that nobody claims any more': some(({ after, before }) => M.toEntries(before.access.entries).some(([key]) => !M.has(key)(after.access.entries))),
    'a repository that several claim': some(({ after }) => M.toEntries(after.access.claimants).some(([, those]) => M.size(those) > 1)),
    'a start that knows something': some(({ before, event }) => event._tag === 'Started' && M.toEntries(before.access.entries).some(([, { access }]) => access !== null))
  })
  check(ACCESS, 'ACCESS-5', accessRuns, {
    'a build that is started': some(({ effects }) => effects.some(({ _tag }) => _tag === 'StartBuild')),
    'a build that ends, since the repository is another’s': some(({ effects, event }) => event._tag === 'AccessRead' && effects.some((effect) => effect._tag === 'PublishStatus')),
    'a run that waits for its right': reports('WorkflowsReadFailed')
  })
  check(ACCESS, 'ACCESS-8', accessRuns, {
    'a knot without lists': some(({ after, event }) => event._tag === 'AccessRead' && event.repo !== '' && accessOf(after, event)?._tag === 'ByRecords'),
    'a knot that says for a moment that it keeps no lists': turns(({ after, event }) => saysLists(accessOf(after, event) ?? null)),
    'a knot that has kept no lists for a day': turns(({ after, event }) => accessOf(after, event) === null)
  })
  const asks = (is: (step: Step, repo: string, claimants: ReadonlyArray<string>) => boolean) =>
    some((step) =>
      step.effects.some((effect) => {
        if (effect._tag !== 'ReadAccess') return false
        const key = `${effect.knot}/${effect.repo}`
        return is(step, key, M.toEntries(step.after.access.claimants).flatMap(([of, those]) => (of === key ? M.keys(those) : [])))
      })
    )
  check(ACCESS, 'ACCESS-11', accessRuns, {
    'what several claim, and whose it is nobody has said': asks(({ before }, key, claimants) => claimants.length > 1 && accessAt(before, key)?._tag !== 'ByKnot'),
    'what several claim, of whom the knot has named one': asks(({ before }, key, claimants) => claimants.length > 1 && accessAt(before, key)?._tag === 'ByKnot')
  })
})

const turnsWith = (is: (turn: Crowd['turns'][number]) => boolean) => ({ turns }: Crowd) => turns.some(is)

/** Somebody claims more than there is room for, and somebody else as much as there is. */
const isCrowded = ({ turns }: Crowd): boolean => {
  const most = ACCOUNTS.map((_, who) => new Set(turns.filter((turn) => turn.who === who && 'isMade' in turn && turn.isMade).flatMap((turn) => reposOf(turn).map(String))).size)
  const isFull = (count: number, who: number, by: number): boolean => count >= (isStranger(who) ? ROOM.stranger : ROOM.named).entries + by
  return most.some((count, who) => isFull(count, who, 1) && most.some((other, of) => of !== who && other > 0 && !isFull(other, of, 1)))
}

describe('ACCESS, where many claim much', () => {
  check(CROWD, 'ACCESS-9', claimCrowds, {
    'one has too many, and another has not': isCrowded,
    'several claim the same': ({ turns }) => new Set(turns.flatMap((turn) => ('isMade' in turn && turn.isShared && turn.isMade ? [turn.who] : []))).size > 1,
    'some are withdrawn': turnsWith((turn) => 'isMade' in turn && !turn.isMade)
  }, 0.2)
  check(CROWD, 'ACCESS-10', listCrowds, {
    'a knot calls another the owner': turnsWith((turn) => 'owner' in turn && turn.owner !== turn.who),
    'more lists than a stranger has room for': turnsWith((turn) => 'owner' in turn && isStranger(turn.owner) && turn.count * turn.people > 5_000),
    'more lists than one who is named has room for': turnsWith((turn) => 'owner' in turn && !isStranger(turn.owner) && turn.count * turn.people > 50_000),
    'one with a list is withdrawn by its owner alone': ({ turns }) =>
      turns.some((turn, i) => 'isMade' in turn && !turn.isMade && turn.isShared && turns.slice(0, i).some((before) => 'owner' in before && before.isShared && before.owner === turn.who && before.people > 0))
  }, 0.25)
})

describe('MACHINE, where knots are asked who may push', () => {
  const asks = some(({ effects }) => effects.some(({ _tag }) => _tag === 'ReadAccess'))
  check(MACHINE, 'MACHINE-7', shortAccessRuns, { 'a knot is asked': asks })
  check(MACHINE, 'MACHINE-10', accessRuns, { 'a knot is asked': asks })
  check(MACHINE, 'MACHINE-13', accessRuns, { 'a stop': some(({ event }) => event._tag === 'StopRequested') })
  check(MACHINE, 'MACHINE-15', accessRuns, { 'a knot is asked': asks })
  check(MACHINE, 'MACHINE-18', fc.record({ by: fc.integer({ max: 1_000, min: 1 }), run: accessRuns }, { noNullPrototype: true }), {
    'an answer that nobody waits for': ({ run }) => isUnheard(run)
  })
})
