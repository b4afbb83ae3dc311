/** What makes a knot wanted, and what ends that, found by stepping the whole machine there and back. */
import {
  type Did,
  type Effect,
  type Event,
  initial,
  MEMBER,
  type Natural,
  REPO,
  type Rkey,
  run,
  type State,
  type TimeUs,
  wantedKnots
} from '../../../core/index.js'
import { accountOf, type Change, commitOf, tidAt } from '../../suite/laws/events.js'
import { configOf } from '../../suite/arbitraries/config.js'
import { CONFIG } from './config.js'
import { EPOCH_US, MINUTE_US } from './explore.js'
import { code, table } from './markdown.js'

const MEMBERS = configOf({ ...CONFIG, admission: 'members' })
const OWNER = MEMBERS.owner
const ALICE = 'did:plc:alice' as Did

/** What happens at a time, on the connection that is there. */
type Happening = (at: number, connection: Natural) => Event

const commit =
  (did: Did, change: Change): Happening =>
  (at, connection) =>
    commitOf(change, { at, connection, did, rev: tidAt(at), rkey: 'self' as Rkey, timeUs: at })

const repo = (changes: { readonly knot?: string; readonly spindle?: string } = {}): Happening => {
  const record = { createdAt: '', knot: 'knot1.example', name: 'app', repoDid: '', spindle: MEMBERS.hostname, ...changes }
  return commit(ALICE, { collection: REPO, record })
}

const member = (instance: string): Happening =>
  commit(OWNER, { collection: MEMBER, record: { createdAt: '', instance, subject: ALICE } })

const account =
  (did: Did, status: string | null): Happening =>
  (at, connection) =>
    accountOf(did, status === null, status, { at, connection, timeUs: at })

const started =
  (changes: object): Happening =>
  (at) => ({ _tag: 'Started', at: at as TimeUs, config: configOf({ ...MEMBERS, ...changes }), resumeFrom: null })

const stopped: Happening = (at) => ({ _tag: 'StopRequested', at: at as TimeUs })

interface Way {
  readonly what: string
  readonly there: ReadonlyArray<Happening>
  readonly back: ReadonlyArray<Happening>
}

/** Each undoes, with `back`, what it does with `there`. */
const WAYS: ReadonlyArray<Way> = [
  { what: 'her record is deleted, and put again', there: [commit(ALICE, { collection: REPO, record: null })], back: [repo()] },
  { what: 'her record names another spindle, and us again', there: [repo({ spindle: 'ci2.example' })], back: [repo()] },
  { what: 'her record names another knot, and the first again', there: [repo({ knot: 'knot2.example' })], back: [repo()] },
  { what: 'her record names what is no host name, and the knot again', there: [repo({ knot: '127.0.0.1' })], back: [repo()] },
  { what: 'her record is put again as it is, twice', there: [repo()], back: [repo()] },
  { what: 'her account is set aside, and active again', there: [account(ALICE, 'suspended')], back: [account(ALICE, null)] },
  { what: 'her account is deleted, and active again', there: [account(ALICE, 'deleted')], back: [account(ALICE, null)] },
  {
    what: 'her account is deleted, and active again with the record put again',
    there: [account(ALICE, 'deleted')],
    back: [account(ALICE, null), repo()]
  },
  {
    what: 'the owner deletes her membership, and puts it again',
    there: [commit(OWNER, { collection: MEMBER, record: null })],
    back: [member(MEMBERS.hostname)]
  },
  {
    what: 'her membership is made one of another spindle, and ours again',
    there: [member('ci2.example')],
    back: [member(MEMBERS.hostname)]
  },
  {
    what: "the owner's account is set aside, and active again",
    there: [account(OWNER, 'suspended')],
    back: [account(OWNER, null)]
  },
  {
    what: 'a start under another hostname, and under the former',
    there: [started({ hostname: 'ci2.example' })],
    back: [started({})]
  },
  { what: 'a start under another owner, and under the former', there: [started({ owner: 'did:plc:bob' })], back: [started({})] },
  { what: 'a stop, and a start', there: [stopped], back: [started({})] }
]

/** The machine in which Alice is a member, and her record holds a knot. */
const BASE: ReadonlyArray<Happening> = [member(MEMBERS.hostname), repo()]

const happen = (
  before: State,
  happenings: ReadonlyArray<Happening>,
  minute: number
): readonly [state: State, effects: ReadonlyArray<Effect>] =>
  happenings.reduce<readonly [State, ReadonlyArray<Effect>]>(
    ([state, effects], happening, i) => {
      const [after, more] = run(state, [happening(EPOCH_US + (minute + i) * MINUTE_US, state.cursor.connection.number)])
      return [after, [...effects, ...more]]
    },
    [before, []]
  )

const shown = (effect: Effect): string =>
  code(effect._tag === 'Report' ? effect.report._tag : 'host' in effect ? `${effect._tag} ${effect.host}` : effect._tag)

const outcome = (state: State, effects: ReadonlyArray<Effect>): ReadonlyArray<string> => [
  effects.length === 0 ? '–' : effects.map(shown).join(', '),
  wantedKnots(state).length === 0 ? 'none' : wantedKnots(state).join(', ')
]

/** For each way: what is done about it, and what is wanted then; and the same for the way back. */
export const holdsTable = (): string => {
  const [base] = happen(initial(MEMBERS), BASE, 0)
  const rows = WAYS.map(({ back, there, what }) => {
    const [away, first] = happen(base, there, 10)
    const [again, second] = happen(away, back, 20)
    return [what, ...outcome(away, first), ...outcome(again, second)]
  })
  return table(['what happens', 'effects', 'wanted then', 'effects of the way back', 'wanted in the end'], rows)
}
