/** ACCESS-9 and ACCESS-10: room for what knots say, where many claim much. The words are in laws.md. */
import {
  Access,
  type AccessAnswer,
  type Commits,
  Config,
  defaults,
  type Did,
  type Event,
  type HostName,
  OrderedMap as M,
  type Rkey,
  type TimeUs
} from '../../../core/index.js'
import { all, because, equal, every, type Laws, type Verdict, when } from './law.js'

/** An account begins to claim some repositories, or ceases to. */
export interface Claiming {
  readonly count: number
  /** The number of the first of them. Repositories of a pool that all share are claimed by several. */
  readonly from: number
  readonly isMade: boolean
  readonly isShared: boolean
  readonly who: number
}

/** A knot answers of some repositories of an account that this one is their owner, with so many collaborators. */
export interface Listing {
  readonly count: number
  readonly from: number
  readonly isShared: boolean
  readonly owner: number
  readonly people: number
  readonly who: number
}

/** What accounts claim, and what knots answer, one after the other. */
export interface Crowd {
  readonly turns: ReadonlyArray<Claiming | Listing>
}

/** The owner, three whom records of the owner name, and two strangers. */
export const ACCOUNTS = ['owner', 'alice', 'bob', 'carol', 'eve', 'mallory'].map((name) => `did:plc:${name}` as Did)
export const NAMED = 3
export const isStranger = (who: number): boolean => who > NAMED

export const ROOM = { named: { entries: 5_000, people: 50_000 }, stranger: { entries: 500, people: 5_000 }, withStrangers: { entries: 25_000, people: 100_000 } }
const PEOPLE_MAX = 500

const roomOf = (who: number) => (isStranger(who) ? ROOM.stranger : ROOM.named)

const AT = 1_767_225_600_000_000 as TimeUs

const givenTo = (claims: ReadonlyArray<Commits.ClaimChanged>): Access.AccessGiven | null => {
  const config = Config.decode({ ...defaults({ hostname: 'ci.example', owner: ACCOUNTS[0] ?? '' }), collaborators: 'knots' })
  const named = ACCOUNTS.slice(1, NAMED + 1).reduce<Commits.CommitsState['named']>((map, did) => M.upsertAt<string, number>(did, 1)(map), M.empty())
  return config._tag === 'Left' ? null : { claims, commits: { named }, config: config.right, isStopped: false, told: [] }
}

const isClaiming = (turn: Claiming | Listing): turn is Claiming => 'isMade' in turn

/** The repositories of a turn, by knot and DID. An account has its own on one knot, and what is shared is on another. */
export const reposOf = (turn: Claiming | Listing): ReadonlyArray<readonly [HostName, Did]> =>
  Array.from({ length: turn.count }, (_, i) => {
    const pool = turn.isShared ? 'shared' : String(turn.who)
    return [`${pool}.example` as HostName, `did:plc:${pool}-${String(turn.from + i)}` as Did]
  })

const nameOf = ([knot, repo]: readonly [HostName, Did]): string => `${knot}/${repo}`

/** Who claims what, kept a second time; and the most that each has ever claimed. */
interface Book {
  readonly claimed: ReadonlyArray<Set<string>>
  readonly most: Array<number>
}

const emptyBook = (): Book => ({ claimed: ACCOUNTS.map(() => new Set<string>()), most: ACCOUNTS.map(() => 0) })

const claimsBy = (book: Book, turn: Claiming): ReadonlyArray<Commits.ClaimChanged> => {
  const did = ACCOUNTS[turn.who]
  const own = book.claimed[turn.who]
  if (did === undefined || own === undefined) return []
  const changed = reposOf(turn).filter((repo) => own.has(nameOf(repo)) !== turn.isMade)
  for (const repo of changed) {
    if (turn.isMade) own.add(nameOf(repo))
    else own.delete(nameOf(repo))
  }
  book.most[turn.who] = Math.max(book.most[turn.who] ?? 0, own.size)
  return changed.map(([knot, repo]) => ({ _tag: turn.isMade ? 'ClaimMade' : 'ClaimReleased', did, knot, repo, rkey: repo.slice(8) as Rkey }))
}

interface Course {
  readonly effects: ReadonlyArray<Access.AccessOutcome>
  readonly state: Access.AccessState
}

const stepped = (state: Access.AccessState, event: Event, claims: ReadonlyArray<Commits.ClaimChanged> = []): Course => {
  const given = givenTo(claims)
  const answer = given === null ? null : Access.reduce(state, event, given)
  return answer === null || answer._tag === 'None' ? { effects: [], state } : { effects: answer.value[1], state: answer.value[0] }
}

const PASSES: Event = { _tag: 'PassedOver', about: '', at: AT, of: '' }

const entryAt = ({ entries }: Access.AccessState, name: string): Access.Entry | null => {
  const found = M.lookup<string>(name)(entries)
  return found._tag === 'Some' ? found.value : null
}

/** The answer to the question about a repository: what pauses is asked again before. */
const answered = (state: Access.AccessState, [knot, repo]: readonly [HostName, Did], access: AccessAnswer): Access.AccessState => {
  const request = entryAt(state, nameOf([knot, repo]))?.request
  if (request === undefined) return state
  if (request.phase === 'Asked') return stepped(state, { _tag: 'AccessRead', access, at: AT, knot, number: request.number, repo }).state
  const requested = { _tag: 'Access' as const, knot, repo }
  const asked = stepped(state, { _tag: 'TimerFired', at: AT, timer: { _tag: 'RequestTimer', number: request.number, requested } }).state
  return stepped(asked, { _tag: 'AccessRead', access, at: AT, knot, number: state.next, repo }).state
}

const peopleFrom = (count: number): ReadonlyArray<Did> => Array.from({ length: count }, (_, i) => `did:plc:p${String(i).padStart(3, '0')}` as Did)

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0)

export const CROWD = {
  'ACCESS-9': ({ turns }: Crowd) => {
    const book = emptyBook()
    let state = Access.initial
    let largest = 0
    return every(turns.filter(isClaiming), (turn) => {
      state = stepped(state, PASSES, claimsBy(book, turn)).state
      largest = Math.max(largest, M.size(state.entries))
      return all(
        every(book.claimed, (own, who) =>
          when((book.most[who] ?? 0) <= roomOf(who).entries && (!isStranger(who) || largest < ROOM.withStrangers.entries), () =>
            every(own, (name) => because(entryAt(state, name) !== null, () => `${String(ACCOUNTS[who])} claims ${name}, and it is not known who may push`))
          )
        ),
        every(M.keys(state.entries), (name) => because(book.claimed.some((own) => own.has(name)), () => `nobody claims ${name}`)),
        every(book.claimed, (own, who) => {
          const alone = [...own].filter((name) => entryAt(state, name) !== null && book.claimed.every((others) => others === own || !others.has(name)))
          return because(alone.length <= roomOf(who).entries, () => `${String(alone.length)} entries are there for ${String(ACCOUNTS[who])} alone`)
        })
      )
    })
  },

  'ACCESS-10': ({ turns }: Crowd) => {
    const book = emptyBook()
    /** The lists that are kept, by repository: whose each is, and how long. */
    const lists = new Map<string, { owner: number; people: number }>()
    let state = Access.initial
    const heldBy = (who: number, name: string): boolean => book.claimed[who]?.has(name) === true
    return every(turns, (turn): Verdict => {
      if (isClaiming(turn)) {
        const claims = claimsBy(book, turn)
        const { effects, state: after } = stepped(state, PASSES, claims)
        state = after
        const asked = new Set(effects.flatMap((effect) => (effect._tag === 'ReadAccess' ? [`${effect.knot}/${effect.repo}`] : [])))
        return every(claims, ({ knot, repo }) => {
          const name = `${knot}/${repo}`
          const list = lists.get(name)
          if (entryAt(state, name) === null) return lists.delete(name) || true
          if (list?.owner !== turn.who) return true
          list.people = 0
          const access = entryAt(state, name)?.access
          return all(
            equal(`the list of ${name}`, access?._tag === 'ByKnot' ? access.collaborators : null, []),
            when(turn.isMade, () => because(asked.has(name), () => `the list of ${name} is not asked for, whose owner claims it now`))
          )
        })
      }
      return every(reposOf(turn), (repo) => {
        const name = nameOf(repo)
        const before = entryAt(state, name)
        const owner = ACCOUNTS[turn.owner]
        if (before === null || owner === undefined) return true
        state = answered(state, repo, { _tag: 'ByKnot', collaborators: peopleFrom(turn.people), owner })
        const others = [...lists].filter(([of]) => of !== name).map(([, list]) => list)
        const own = sum(others.filter((list) => list.owner === turn.owner).map(({ people }) => people)) + turn.people
        const together = sum(others.map(({ people }) => people)) + turn.people
        const isIdle = !heldBy(turn.owner, name)
        const isTaken =
          isIdle || (turn.people <= PEOPLE_MAX && own <= roomOf(turn.owner).people && (!isStranger(turn.owner) || together <= ROOM.withStrangers.people))
        if (isTaken) lists.set(name, { owner: turn.owner, people: isIdle ? 0 : turn.people })
        const kept = entryAt(state, name)?.access
        return isTaken
          ? equal(`what is known of ${name}`, kept, { _tag: 'ByKnot', collaborators: isIdle ? [] : peopleFrom(turn.people), owner })
          : equal(`what is known of ${name}`, kept, before.access)
      })
    })
  }
} satisfies Laws
