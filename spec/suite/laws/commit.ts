/** COMMIT: what holds of rows, tombstones, gates and accounts. The words are in laws.md. */
import * as O from 'fp-ts/lib/Option.js'
import {
  type AccountReceived,
  canonical,
  canonicalHost,
  type Collection,
  type CommitReceived,
  type Commits,
  type Config,
  Did,
  type Effect,
  type Event,
  type HostName,
  isMember,
  MEMBER,
  type Member,
  OrderedMap as M,
  REPO,
  repoAt,
  type Rkey,
  type State,
  type Tid,
  type TimeUs
} from '../../../core/index.js'
import { accountOf as accountEvent, type Change, commitOf, deletion, tidAt, type Where } from './events.js'
import { pure, type Step, steps, take } from './fence.js'
import { all, because, equal, every, type Laws, same, type Verdict, when } from './law.js'
import { apply, counted, gate, membersIn, type Model, modelOf, modelText, uncounted } from './model.js'
import {
  accountOf,
  accountsOf,
  configured,
  effectsText,
  end,
  FUTURE_US,
  hasRoom,
  isFrame,
  isSelective,
  isStale,
  isStranger,
  knotsText,
  reportsOf,
  rowsText,
  type Run,
  runOf,
  slotOf,
  subscribedBy,
  subscriptionsOf,
  unsubscribedBy
} from './run.js'

// ---------------------------------------------------------------------------------------- inputs

/** A run, and a key at which something happens after it. */
export interface AtKey {
  readonly change: Change
  readonly did: Did
  readonly rkey: Rkey
  readonly run: Run
}

/** The same, where the account is deleted before, and the first record there may have no rev. */
export interface AfterDeletion extends AtKey {
  readonly hasRev: boolean
}

/** Knots that the owner's records name, read under one configuration and then under another. */
export interface Rereading {
  readonly after: Config
  readonly before: Config
  readonly knots: ReadonlyArray<string>
}

/** A run, and a DID to whose account something happens after it. */
export interface OfDid {
  readonly did: Did
  readonly run: Run
  readonly status: string | null
}

export interface Replay {
  readonly from: number
  readonly run: Run
}

/** Two runs of the same events, in which each DID's events have the same order. */
export interface Interleaved {
  readonly other: Run
  readonly run: Run
}

// ---------------------------------------------------------------------------------------- helpers

/** A moment, received as it is stamped, that is `us` later than every stamp, rev and receipt of the run and ten minutes. */
const after = (run: Run, us: number): Pick<Where, 'at' | 'connection' | 'timeUs'> => {
  const times = run.events.flatMap((event) => [event.at, ...('timeUs' in event && event.timeUs !== null ? [event.timeUs] : [])])
  const timeUs = Math.max(...times, 0) + 2 * FUTURE_US + us
  return { at: timeUs, connection: end(run).cursor.connection.number, timeUs }
}

const commitAfter = (run: Run, us: number, change: Change, did: Did, rkey: Rkey): CommitReceived => {
  const moment = after(run, us)
  return commitOf(change, { ...moment, did, rev: tidAt(moment.timeUs), rkey })
}

const isSetAside = (state: State, did: Did): boolean => accountOf(state, did)?.active === false

const isHolding = (state: State, did: Did): boolean =>
  M.toEntries(state.knots.holders).some(([, those]) => M.keys(those).some((name) => name.startsWith(`${did}/`)))

/** Nothing but what may be said about the stream itself, that it has a gap, or a stamp from the future; and that there is no room, each time. */
const isAboutStream = (effects: ReadonlyArray<Effect>): Verdict =>
  because(
    effects.every(
      (effect) => effect._tag === 'Report' && ['Gap', 'FrameFromFuture', 'KeyRefused'].includes(effect.report._tag)
    ),
    () => `it caused ${effectsText(effects)}`
  )

const changesNothing = (step: Step): Verdict => all(leavesAll(step), isAboutStream(step.effects))

const leavesAll = ({ after: now, before }: Step): Verdict =>
  all(
    because(rowsText(now) === rowsText(before), () => 'rows changed'),
    because(same(M.toEntries(now.commits.members), M.toEntries(before.commits.members)), () => 'members changed'),
    because(knotsText(now) === knotsText(before), () => 'knots changed')
  )

/** The same; but a reading of the account that the event is about may begin again (B1). */
const onlyReadsAgain = (step: Step): Verdict =>
  all(
    leavesAll(step),
    isAboutStream(
      step.effects.filter(
        (effect) => !(effect._tag === 'ReadRecords' && step.event._tag === 'AccountReceived' && effect.did === step.event.did && M.has(effect.did)(step.before.backfill.accounts))
      )
    )
  )

/** What was subscribed and not unsubscribed again, by the effects alone. */
const netSubscriptions = (taken: ReadonlyArray<Step>): ReadonlyArray<HostName> => {
  const net = new Set<HostName>()
  for (const { effects } of taken) {
    for (const host of subscribedBy(effects)) net.add(host)
    for (const host of unsubscribedBy(effects)) net.delete(host)
  }
  return [...net].sort()
}

/** Runs the naive model of rows beside the machine. `look` sees each step, and the model as it was before it. */
const beside = (run: Run, look: (step: Step, before: Model, isNews: boolean) => Verdict): Verdict => {
  const model = modelOf(run.config)
  return every(run.steps, (step) => {
    const arrives = !isFrame(step.event) || !isStale(step.before, step.event)
    const verdict = look(step, model, arrives)
    if (arrives) apply(model, step.event)
    return verdict
  })
}

// ---------------------------------------------------------------------------------------- the model of S1–S17

/** What the section S of the behaviour says, and no more: rows by key, subscriptions by the records before and after. */
const cleanModel = (hostname: string) => {
  const rows = new Map<string, CommitReceived['record']>()
  const subscribed = new Set<string>()
  const knotOf = (record: CommitReceived['record']): string | null =>
    record !== null && 'knot' in record && record.spindle === hostname && record.knot !== '' ? record.knot : null
  const apply = (event: CommitReceived): void => {
    const key = canonical([event.collection, event.did, event.rkey])
    const [old, now] = [knotOf(rows.get(key) ?? null), knotOf(event.record)]
    if (event.record === null) rows.delete(key)
    else rows.set(key, event.record)
    if (now !== null) subscribed.add(now)
    if (old !== null && old !== now && ![...rows.values()].some((record) => knotOf(record) === old)) subscribed.delete(old)
  }
  return { apply, rows, subscribed }
}

const liveRows = (state: State): ReadonlyMap<string, unknown> => {
  const live = new Map<string, unknown>()
  const note = (collection: Collection, did: Did, slots: M.OrderedMap<Rkey, { readonly record: unknown }>): void => {
    for (const [rkey, { record }] of M.toEntries(slots)) if (record !== null) live.set(canonical([collection, did, rkey]), record)
  }
  for (const [did, account] of accountsOf(state)) {
    note(MEMBER, did, account.members)
    note(REPO, did, account.repos)
    note('sh.tangled.repo.collaborator', did, account.collaborators)
  }
  return live
}

/** A clean record without a knot has a row whose knot is absent. */
const asRow = (record: CommitReceived['record']): unknown =>
  record !== null && 'knot' in record && record.knot === '' ? { ...record, knot: null } : record

const sorted = <A>(entries: Iterable<readonly [string, A]>): ReadonlyArray<readonly [string, A]> =>
  [...entries].sort(([a], [b]) => (a < b ? -1 : 1))

// ---------------------------------------------------------------------------------------- laws

export const COMMIT = {
  'COMMIT-1': (run: Run): Verdict => {
    const model = cleanModel(run.config.hostname)
    return every(run.steps, ({ after: state, event }) => {
      if (event._tag !== 'CommitReceived') return 'no clean stream'
      model.apply(event)
      return all(
        equal('rows', sorted(liveRows(state)), sorted([...model.rows].map(([key, record]) => [key, asRow(record)] as const))),
        equal('subscriptions', [...subscriptionsOf(state).keys()], [...model.subscribed].sort()),
        equal('cursor', state.cursor.cursor, event.timeUs)
      )
    })
  },

  'COMMIT-2': ({ change, did, rkey, run }: AtKey): Verdict => {
    const start = end(run)
    if (isStranger(start, did)) return changesNothing(take(start, commitAfter(run, 0, change, did, rkey)))
    if (slotOf(start, change.collection, did, rkey) === undefined && !hasRoom(start, did)) return isRefused(take(start, commitAfter(run, 0, change, did, rkey)))
    // With a member that comes and goes, so does all that is kept of it.
    const isOfMembers = isSelective(start) && change.collection === MEMBER && did === start.config.owner
    const created = take(start, commitAfter(run, 0, change, did, rkey)).after
    const deleted = take(created, commitAfter(run, 1, deletion(change.collection), did, rkey)).after
    const again = take(deleted, commitAfter(run, 2, change, did, rkey)).after
    const recordIn = (state: State) => slotOf(state, change.collection, did, rkey)?.record
    const tombstone = commitAfter(run, 1, deletion(change.collection), did, rkey)
    return all(
      because(recordIn(created) !== null && recordIn(created) !== undefined, () => 'a created record is not there'),
      equal('tombstone', slotOf(deleted, change.collection, did, rkey), {
        record: null,
        rev: tombstone.rev,
        timeUs: tombstone.timeUs
      }),
      because(O.isNone(pure(() => repoAt(did, rkey)(deleted))) || change.collection !== REPO, () => 'a deleted record is alive'),
      equal('the record', recordIn(again), recordIn(created)),
      when(!isSetAside(start, did) && change.collection === REPO, () => O.isSome(pure(() => repoAt(did, rkey)(again)))),
      because(isOfMembers || knotsHeld(again) === knotsHeld(created), () => 'another set of knots is held'),
      // No third record is touched on the way.
      when(!isOfMembers, () =>
        equal('rows', withoutSlot(deleted, change.collection, did, rkey), withoutSlot(created, change.collection, did, rkey))
      )
    )
  },

  'COMMIT-3': ({ did, run }: OfDid): Verdict => {
    const start = end(run)
    const { hostname, owner } = start.config
    const record: Member = { createdAt: '', instance: hostname, subject: did }
    const [first, second] = ['first' as Rkey, 'second' as Rkey]
    const put = { collection: MEMBER, record } as const
    const taken = steps(start, [
      commitAfter(run, 0, put, owner, first),
      commitAfter(run, 1, put, owner, second),
      commitAfter(run, 2, deletion(MEMBER), owner, first),
      commitAfter(run, 3, deletion(MEMBER), owner, second)
    ])
    const wasMember = pure(() => isMember(did)(start))
    const [first3, second3] = [first, second].map((rkey) => slotOf(start, MEMBER, owner, rkey) !== undefined)
    if (first3 !== true || second3 !== true) {
      const { admitted } = start.config.caps
      const own = accountOf(start, owner)
      const taken3 = own === undefined ? 0 : M.size(own.collaborators) + M.size(own.members) + M.size(own.repos)
      if (taken3 + 2 > admitted) return because(taken[0] !== undefined, () => 'nothing was taken')
    }
    const expected = isSetAside(start, owner) ? [false, false, false, false] : [true, true, true, wasMember]
    return all(
      equal(
        'members',
        taken.map((step) => pure(() => isMember(did)(step.after))),
        expected
      ),
      every(taken.slice(1, 3), ({ effects }) => because(effects.length === 0, () => `it caused ${effectsText(effects)}`))
    )
  },

  'COMMIT-4': ({ did, run }: OfDid): Verdict => {
    const start = end(run)
    const moment = after(run, 0)
    const deleted = take(start, accountEvent(did, false, 'deleted', moment)).after
    const account = accountOf(deleted, did)
    const revs = allRevs(accountOf(start, did)).sort()
    return accountOf(start, did) === undefined
      ? equal('rows', rowsText(deleted), rowsText(start))
      : all(
          equal('the account', account, {
            active: false,
            asOfUs: moment.timeUs,
            collaborators: M.empty(),
            floor: { rev: revs[revs.length - 1] ?? null, timeUs: moment.timeUs },
            horizonUs: accountOf(start, did)?.horizonUs ?? null,
            members: M.empty(),
            repos: M.empty(),
            setAside: null
          }),
          because(!isHolding(deleted, did), () => 'a deleted account holds a knot'),
          when(did === deleted.config.owner, () => M.isEmpty(deleted.commits.members))
        )
  },

  'COMMIT-5': ({ did, run, status }: OfDid): Verdict => {
    const start = end(run)
    const account = accountOf(start, did)
    const aside = take(start, accountEvent(did, false, status, after(run, 0))).after
    const back = take(aside, accountEvent(did, true, null, after(run, 1))).after
    if (account === undefined) return equal('rows', [rowsText(aside), rowsText(back)], [rowsText(start), rowsText(start)])
    return all(
      equal('rows set aside', accountOf(aside, did), { ...account, active: false, asOfUs: after(run, 0).timeUs, setAside: null }),
      equal('rows restored', accountOf(back, did), { ...account, active: true, asOfUs: after(run, 1).timeUs, setAside: null }),
      because(!isHolding(aside, did), () => 'an account that is set aside holds a knot'),
      every(M.keys(account.repos), (rkey) => O.isNone(pure(() => repoAt(did, rkey)(aside)))),
      when(did === start.config.owner, () => M.isEmpty(aside.commits.members)),
      when(account.active, () =>
        all(
          because(knotsHeld(back) === knotsHeld(start), () => 'other knots are held than before'),
          equal('members', M.toEntries(back.commits.members), M.toEntries(start.commits.members))
        )
      )
    )
  },

  'COMMIT-6': (run: Run): Verdict =>
    every(run.steps, ({ after: state, event }) =>
      when(event._tag === 'CommitReceived', () => changesNothing(take(state, event)))
    ),

  'COMMIT-7': ({ from, run }: Replay): Verdict =>
    every(steps(end(run), run.events.slice(from % (run.events.length + 1))), changesNothing),

  'COMMIT-8': (run: Run): Verdict =>
    beside(run, (step, model, arrives) =>
      when(step.event._tag === 'CommitReceived' && (!arrives || gate(model, step.event) !== 'none'), () => changesNothing(step))
    ),

  'COMMIT-9': (run: Run): Verdict => {
    const model = modelOf(run.config)
    return every(run.steps, ({ after: state, before, event }) => {
      if (!isFrame(event) || !isStale(before, event)) apply(model, event)
      return equal('rows', rowsText(state), modelText(model))
    })
  },

  'COMMIT-10': (run: Run): Verdict =>
    configured(run, ({ after: state }, config) => {
      const members = membersIn(accountsOf(state), config)
      return all(
        equal('members', M.toEntries(state.commits.members), sorted(members)),
        every([...M.keys(state.commits.accounts), ''], (did) =>
          equal(
            did,
            pure(() => isMember(did)(state)),
            members.has(did)
          )
        )
      )
    }),

  'COMMIT-11': ({ other, run }: Interleaved): Verdict =>
    all(
      equal('rows', rowsText(end(other)), rowsText(end(run))),
      because(knotsHeld(end(other)) === knotsHeld(end(run)), () => 'other knots are held'),
      equal('net subscriptions', netSubscriptions(other.steps), netSubscriptions(run.steps)),
      equal('subscriptions', [...subscriptionsOf(end(run)).keys()], netSubscriptions(run.steps))
    ),

  'COMMIT-12': (run: Run): Verdict =>
    every(run.steps, ({ after: state, before }) =>
      every(accountsOf(before), ([did, { floor }]) => {
        const now = accountOf(state, did)?.floor
        if (floor === null || isGone(state, did)) return true
        if (now === null || now === undefined) return `the floor of ${did} is gone`
        return because(
          now.timeUs >= floor.timeUs && (floor.rev === null || (now.rev !== null && now.rev >= floor.rev)),
          () => `the floor of ${did} fell`
        )
      })
    ),

  'COMMIT-13': (run: Run): Verdict =>
    every(run.steps, ({ after: state, before, event }) =>
      every(accountsOf(state), ([did, account]) => {
        const old = accountOf(before, did)
        if (old === undefined && isSelective(state))
          return equal('a new account', [account.active, account.floor, isMember(did)(state) || did === state.config.owner], [true, null, true])
        if (event._tag === 'AccountReceived') return because(old !== undefined, () => `${did} became known by an account event`)
        return old === undefined
          ? equal('a new account', [account.active, account.floor, event._tag], [true, null, 'CommitReceived'])
          : equal(
              'what only account events change',
              [account.active, account.asOfUs, account.floor],
              [old.active, old.asOfUs, old.floor]
            )
      })
    ),

  'COMMIT-14': (run: Run): Verdict =>
    every(run.steps, ({ after: state, before }) =>
      all(
        every(accountsOf(state), ([did, { collaborators, floor, horizonUs, members, repos }]) =>
          because(
            isSelective(state)
              ? did === state.config.owner || namesOf(state).has(did)
              : horizonUs === null && (floor !== null || M.size(collaborators) + M.size(members) + M.size(repos) > 0),
            () => `${did} is remembered for nothing`
          )
        ),
        when(isSelective(state), () =>
          every(M.keys(state.commits.members), (subject) =>
            because(accountOf(state, subject) !== undefined || !Did.is(subject), () => `${subject} is a member and not known`)
          )
        ),
        every(accountsOf(before), ([did, { collaborators, floor, members, repos }]) =>
          because(
            accountOf(state, did) !== undefined ||
              isGone(state, did) ||
              (!isSelective(state) && floor === null && M.size(collaborators) + M.size(members) + M.size(repos) === 0),
            () => `${did} was forgotten`
          )
        )
      )
    ),

  'COMMIT-15': (run: Run): Verdict =>
    every(run.steps, ({ after: state, before, event }) =>
      when(event._tag === 'CommitReceived' || event._tag === 'AccountReceived', () =>
        every(accountsOf(before), ([did, account]) =>
          because(did === didOf(event) || isGone(state, did) || accountOf(state, did) === account, () => `${did} is not whom it is about`)
        )
      )
    ),

  'COMMIT-16': (run: Run): Verdict =>
    every(run.steps, (step) => {
      const { after: state, before, event } = step
      if (event._tag !== 'AccountReceived' || isStale(before, event)) return true
      const old = accountOf(before, event.did)
      // Of an account that is not known, records that are being read are read once more, whatever it says.
      if (old === undefined && M.has(event.did)(before.backfill.accounts)) return because(same(state.commits, before.commits), () => 'rows changed')
      if (old === undefined || event.timeUs < old.asOfUs || isOver(old, event)) return changesNothing(step)
      const now = accountOf(state, event.did)
      const believed = event.timeUs > event.at + FUTURE_US ? event.at : event.timeUs
      return equal('standing', [now?.active, now?.asOfUs], [event.active, Math.max(old.asOfUs, believed)])
    }),

  'COMMIT-17': (run: Run): Verdict => {
    const state = end(run)
    return every(accountsOf(state), ([did, account]) =>
      every([...M.keys(account.repos), 'nowhere' as Rkey], (rkey) => {
        const row = account.active ? (slotOf(state, REPO, did, rkey)?.record ?? null) : null
        return equal('the repository', O.toNullable(pure(() => repoAt(did, rkey)(state))), row)
      })
    )
  },
  'COMMIT-18': (run: Run): Verdict => {
    const model = modelOf(run.config)
    return configured(run, ({ before, effects, event }, config) => {
      const arrives = !isFrame(event) || !isStale(before, event)
      const names = event._tag === 'CommitReceived' && event.collection === REPO && event.record !== null ? counted(event.record).knot : ''
      const isRefused =
        event._tag === 'CommitReceived' &&
        arrives &&
        names !== '' &&
        gate(model, event) === 'none' &&
        O.isNone(pure(() => canonicalHost(config.hosts)(names)))
      if (arrives) apply(model, event)
      return equal(
        'refused',
        reportsOf(effects).filter((report) => report._tag === 'KnotRefused'),
        isRefused ? [{ _tag: 'KnotRefused', at: event.at, did: event.did, knot: names, rkey: event.rkey }] : []
      )
    })
  },

  'COMMIT-19': ({ change, did, hasRev, rkey, run }: AfterDeletion): Verdict => {
    const [known, deleted, returned] = [after(run, 0), after(run, 2), after(run, 4)]
    const commitAt = (us: number, rev: Tid | null) => commitOf(change, { ...after(run, us), did, rev, rkey })
    if (isStranger(end(run), did) || end(run).config.caps.stranger === 0)
      return because(!isStranger(take(end(run), commitAt(1, null)).after, did) || rowsText(take(end(run), commitAt(1, null)).after) === rowsText(end(run)), () => 'a stranger is known')
    const taken = steps(end(run), [
      accountEvent(did, true, null, known),
      commitAt(1, hasRev ? tidAt(known.timeUs) : null),
      accountEvent(did, false, 'deleted', deleted),
      commitAt(3, null),
      commitAt(3, tidAt(deleted.timeUs, 1023)),
      accountEvent(did, true, null, returned),
      commitAt(5, null),
      commitAt(5, tidAt(deleted.timeUs + 1))
    ])
    const slots = taken.map((step) => slotOf(step.after, change.collection, did, rkey))
    const last = taken[taken.length - 1]
    return all(
      every(slots.slice(2, 7), (slot) => because(slot === undefined, () => 'what is not later than the deletion is there')),
      // Others may have left no room for it.
      last !== undefined && !hasRoom(last.before, did)
        ? isRefused(last)
        : all(
            because((slots[7]?.record ?? null) !== null, () => 'what is later than the deletion is not there'),
            when(change.collection === REPO, () => O.isSome(pure(() => repoAt(did, rkey)(last?.after ?? end(run)))))
          )
    )
  },

  'COMMIT-20': ({ after: to, before: from, knots }: Rereading): Verdict => {
    const put = (knot: string, i: number): CommitReceived => {
      const record = { createdAt: '', knot, name: '', repoDid: '', spindle: from.hostname }
      const key = { did: from.owner, rev: tidAt(i), rkey: `repo${String(i)}` as Rkey }
      return commitOf({ collection: REPO, record }, { at: i, connection: 0, timeUs: i, ...key })
    }
    const rows = runOf(from, [...knots.map(put), { _tag: 'Started', at: 0 as TimeUs, config: to, resumeFrom: null }])
    const read = (config: Config, knot: string) => O.toNullable(pure(() => canonicalHost(config.hosts)(knot)))
    return every(knots, (knot, i) => {
      const rkey = `repo${String(i)}` as Rkey
      const row = O.toNullable(pure(() => repoAt(from.owner, rkey)(end(rows))))
      return equal(knot, row?.knot, read(to, read(from, knot) ?? ''))
    })
  },

  'COMMIT-24': ({ from, run }: Replay): Verdict =>
    every(steps(end(run), run.events.slice(from % (run.events.length + 1)).filter(isFrame)), onlyReadsAgain),

  'COMMIT-25': (run: Run): Verdict =>
    beside(run, ({ after: now, before, effects, event }, model, arrives) => {
      if (event._tag !== 'CommitReceived') return true
      const isRefused = arrives && gate(model, event) === 'room'
      const key = [event.collection, event.did, event.rkey] as const
      return all(
        equal(
          'refused',
          reportsOf(effects).filter(({ _tag }) => _tag === 'KeyRefused'),
          isRefused ? [{ _tag: 'KeyRefused', at: event.at, collection: event.collection, did: event.did, rkey: event.rkey }] : []
        ),
        when(isRefused, () => equal('the key', [slotOf(before, ...key), slotOf(now, ...key)], [undefined, undefined])),
        when(slotOf(before, ...key) === undefined && slotOf(now, ...key) !== undefined, () => hasRoom(before, event.did))
      )
    }),

  'COMMIT-22': ({ did, run, status }: OfDid): Verdict => {
    const change: Change = { collection: REPO, record: { createdAt: '', knot: 'knot1.example', name: '', repoDid: '', spindle: '' } }
    const rkey = 'self' as Rkey
    const own = (us: number): number => after(run, us).timeUs
    const aside = (us: number) => accountEvent(did, false, status, after(run, us), { changedUs: own(1), seq: 7 })
    const commitAt = (us: number, rev: number) => commitOf(change, { ...after(run, us), did, rev: tidAt(rev), rkey })
    const taken = steps(end(run), [
      commitAt(0, own(0)),
      // The server lags: it stamps all of this later than it was.
      aside(100),
      accountEvent(did, true, null, after(run, 101), { changedUs: own(2), seq: 8 }),
      commitAt(102, own(3)),
      aside(200)
    ])
    const again = taken[taken.length - 1]
    if (isStranger(end(run), did) || slotOf(taken[0]?.after ?? end(run), REPO, did, rkey) === undefined) return every(taken.slice(-1), changesNothing)
    return again === undefined
      ? 'nothing was taken'
      : all(
          changesNothing(again),
          equal('the record', slotOf(again.after, REPO, did, rkey)?.timeUs, own(102)),
          when(status === 'deleted', () => equal('the floor', accountOf(again.after, did)?.floor?.timeUs, own(1)))
        )
  },

  'COMMIT-21': ({ from, run }: Replay): Verdict =>
    every(steps(end(run), run.events.slice(from % (run.events.length + 1))), changesNothing),

  'COMMIT-23': (run: Run): Verdict => {
    const short = (event: Event): Event =>
      event._tag === 'CommitReceived' && event.record !== null ? ({ ...event, record: counted(event.record) } as Event) : event
    const without = run.events.map(short)
    return every([...run.steps.entries()], ([n, { after, before, effects, event }]) => {
      const { after: plain, effects: others } = take(before, without[n] ?? event)
      const isApplied = event._tag === 'CommitReceived' && after.commits !== before.commits
      const reports = reportsOf(effects).filter((report) => report._tag === 'FieldTooLong')
      return all(
        because(same(after.commits, plain.commits), () => 'the rows are not those without what is too long'),
        equal('other effects', effects.filter((effect) => !isTooLong(effect)), others),
        equal(
          'reports',
          reports.map(({ field, limit }) => [field, limit]),
          isApplied && event.record !== null ? uncounted(event.record) : []
        )
      )
    })
  }
} satisfies Laws

/** Nothing changed, and it was said that there is no room. */
const isRefused = ({ after: now, before, effects }: Step): Verdict =>
  all(
    because(rowsText(now) === rowsText(before), () => 'rows changed'),
    because(reportsOf(effects).some(({ _tag }) => _tag === 'KeyRefused'), () => 'it was not said')
  )

/** Whom live records of the owner name, whether or not the owner is set aside. */
const namesOf = (state: State): ReadonlySet<string> => {
  const { hostname, owner } = state.config
  const records = M.toEntries(accountOf(state, owner)?.members ?? M.empty<Rkey, Commits.Slot<Member>>()).map(([, { record }]) => record)
  return new Set(records.flatMap((record) => (record !== null && record.instance === hostname ? [record.subject] : [])))
}

/** Whether the account had to go: only those are known who are admitted, and it is neither the owner's nor named by a record of the owner. */
const isGone = (state: State, did: Did): boolean => isSelective(state) && did !== state.config.owner && !namesOf(state).has(did)

/** Whether the event had set the account aside before it was made active again, and is sent once more. */
const isOver = ({ setAside }: Commits.Account, { active, changedUs, seq }: AccountReceived): boolean =>
  !active && setAside !== null && setAside.isOver && setAside.changedUs === changedUs && setAside.seq === seq

const isTooLong = (effect: Effect): boolean => effect._tag === 'Report' && effect.report._tag === 'FieldTooLong'

const didOf = (event: Event): Did | null => ('did' in event && event._tag !== 'FrameRejected' ? event.did : null)

/** The knots and their holders, as text. */
const knotsHeld = (state: State): string =>
  canonical(M.toEntries(state.knots.holders).map(([host, those]) => [host, M.keys(those)] as const))

/** All rows but those at one key. */
const withoutSlot = (state: State, collection: Collection, did: Did, rkey: Rkey): ReadonlyArray<readonly [string, unknown]> =>
  sorted([...liveRows(state)].filter(([key]) => key !== canonical([collection, did, rkey])))

const allRevs = (account: Commits.Account | undefined): Array<string> => {
  if (account === undefined) return []
  const slots = [...M.toEntries(account.collaborators), ...M.toEntries(account.members), ...M.toEntries(account.repos)]
  return [account.floor?.rev ?? null, ...slots.map(([, slot]) => slot.rev)].filter((rev) => rev !== null)
}
