/**
 * Lives of connections, as commands on a model: opened, lost, woken, stopped and started at any moment, and whatever an older
 * connection still has to say. Each command tells the model what should happen and the machine what did; the law compares.
 */
import fc from 'fast-check'
import {
  type Config,
  type Effect,
  type Event,
  type HostName,
  initial,
  MEMBER,
  type Nanos,
  type Natural,
  type Nsid,
  REPO,
  type Rkey,
  type State,
  type TimeUs
} from '../../../core/index.js'
import { commitOf, tidAt } from '../laws/events.js'
import { deepFreeze, pure, steps, take } from '../laws/fence.js'
import { begin, isLive, type Life, lose, type Moment, stop } from '../laws/life.js'
import { subscriptionsOf } from '../laws/run.js'
import { backoffs, configWith } from './config.js'
import { EPOCH_US, HOSTNAME, OWNER, SECOND_US, weighted } from './data.js'

/** What a life is made of, for the laws and for whoever reads a failure. */
export interface LifeRun {
  readonly events: ReadonlyArray<Event>
  readonly moments: ReadonlyArray<Moment>
  readonly thrown: string | null
}

interface Model {
  readonly config: Config
  /** Of the stream, or of each knot. */
  readonly lives: ReadonlyArray<Life>
  next: number
  nowUs: number
  stopped: boolean
}

interface Machine {
  readonly events: Array<Event>
  readonly moments: Array<Moment>
  state: State
}

/** The end of the machine that a life is about. */
interface Side {
  /** The connection of each life, as the machine has it. */
  readonly found: (state: State, i: number) => Moment['connections'][number]['found']
  readonly opened: (i: number, at: TimeUs, connection: Natural) => Event
  readonly closed: (i: number, at: TimeUs, connection: Natural) => Event
  readonly fired: (i: number, at: TimeUs, connection: Natural) => Event
  /** What asks for the connection the first time, and again after a loss. */
  readonly asks: (i: number, connection: number, again: boolean) => object
  readonly ends: (i: number, life: Life) => ReadonlyArray<object>
  readonly wakes: (i: number, connection: number, pause: object) => object
  /** What a start, or a stop, does to the other side, which this life is not about. */
  readonly isOurs: (effect: Effect) => boolean
}

type What = 'opened' | 'closed' | 'fired' | 'started' | 'stopped'

/** `lost`: what brings the connection nearer to its next loss, at once or through being open. */
type Told = What | 'lost' | 'flapped'

const at = (model: Model): TimeUs => model.nowUs as TimeUs

/** The number of the connection, or of one `older` before it. */
const numberOf = (life: Life, older: number): Natural => Math.max(0, life.number - older) as Natural

/** Tells the model what happens, and returns what the machine must do about it. */
const tell = (side: Side, model: Model, what: What, i: number, older: number): ReadonlyArray<object> => {
  const life = model.lives[i]
  if (what === 'started') {
    model.stopped = false
    model.lives.forEach((each) => begin(each, model.next++))
    return model.lives.map((each, k) => side.asks(k, each.number, false))
  }
  if (what === 'stopped') {
    if (model.stopped) return []
    model.stopped = true
    const ended = model.lives.flatMap((each, k) => side.ends(k, each))
    model.lives.forEach((each) => stop(each, model.next++))
    return ended
  }
  if (life === undefined || numberOf(life, older) !== life.number) return []
  switch (what) {
    case 'opened':
      if (life.phase === 'Connecting') Object.assign(life, { openedAt: model.nowUs, phase: 'Open' })
      return []
    case 'closed': {
      if (!isLive(life)) return []
      const number = model.next++
      return [side.wakes(i, number, lose(life, backoffOf(side, model.config), model.nowUs, number))]
    }
    case 'fired':
      if (life.phase !== 'Waiting') return []
      life.phase = 'Connecting'
      return [side.asks(i, life.number, true)]
  }
}

const eventOf = (side: Side, model: Model, what: What, i: number, older: number): Event => {
  const number = numberOf(model.lives[i] ?? { losses: 0, number: 0, openedAt: 0, phase: 'Idle' }, older)
  switch (what) {
    case 'opened':
    case 'closed':
    case 'fired':
      return side[what](i, at(model), number)
    case 'started':
      return { _tag: 'Started', at: at(model), config: model.config, resumeFrom: null }
    case 'stopped':
      return { _tag: 'StopRequested', at: at(model) }
  }
}

const meant = (told: Told, phase: Life['phase']): What => {
  if (told !== 'lost' && told !== 'flapped') return told
  if (phase === 'Waiting') return 'fired'
  return told === 'flapped' && phase === 'Connecting' ? 'opened' : 'closed'
}

/** One thing that happens, `passUs` after the last, on connection `i` or one `older` before it. */
const command =
  (side: Side) =>
  ({
    i,
    older,
    passUs,
    told
  }: {
    readonly i: number
    readonly older: number
    readonly passUs: number
    readonly told: Told
  }): fc.Command<Model, Machine> => ({
    check: () => true,
    run: (model, machine) => {
      model.nowUs += passUs
      const what = meant(told, model.lives[i]?.phase ?? 'Idle')
      const event = eventOf(side, model, what, i, older)
      const expected = tell(side, model, what, i, older)
      machine.events.push(event)
      const { after, before, effects } = take(machine.state, event)
      machine.state = after
      machine.moments.push({
        after,
        before,
        connections: model.lives.map((life, k) => ({ found: side.found(after, k), life: { ...life } })),
        effects: effects.filter(side.isOurs),
        event,
        expected,
        kind: older > 0 && what !== 'started' && what !== 'stopped' ? `old ${what}` : what
      })
    },
    toString: () => `${told} ${String(i)} (${String(older)} older)`
  })

const backoffOf = (side: Side, config: Config) => (side === stream ? config.jetstreamBackoff : config.knotBackoff)

// ---------------------------------------------------------------------------------------- the stream

const stream: Side = {
  asks: (_, connection) => ({ _tag: 'OpenJetstream', connection, cursor: null, ordinal: null }),
  closed: (_, at, connection) => ({ _tag: 'JetstreamClosed', at, connection, poisoned: false }),
  ends: (_, life) => (isLive(life) ? [{ _tag: 'CloseJetstream', connection: life.number }] : []),
  fired: (_, at, connection) => ({ _tag: 'TimerFired', at, timer: { _tag: 'JetstreamTimer', connection } }),
  found: (state) => state.cursor.connection,
  isOurs: () => true,
  opened: (_, at, connection) => ({ _tag: 'JetstreamOpened', at, connection }),
  wakes: (_, connection, pause) => ({ _tag: 'WakeAfter', ...pause, timer: { _tag: 'JetstreamTimer', connection } })
}

// ---------------------------------------------------------------------------------------- two knots

const HOSTS = ['knot1.example' as HostName, 'knot2.example' as HostName] as const
const hostOf = (i: number): HostName => HOSTS[i === 0 ? 0 : 1]

/** Two knots, of which the first has sent a frame: its cursor must come through everything. */
const knots: Side = {
  asks: (i, connection) => ({
    _tag: 'SubscribeKnot',
    connection,
    cursor: i === 0 ? '999' : null,
    host: hostOf(i)
  }),
  closed: (i, at, connection) => ({ _tag: 'KnotClosed', at, connection, host: hostOf(i) }),
  ends: (i, life) => [{ _tag: 'UnsubscribeKnot', connection: life.number, host: hostOf(i) }],
  fired: (i, at, connection) => ({ _tag: 'TimerFired', at, timer: { _tag: 'KnotTimer', connection, host: hostOf(i) } }),
  found: (state, i) => subscriptionsOf(state).get(hostOf(i))?.connection ?? null,
  isOurs: (effect) => effect._tag !== 'OpenJetstream' && effect._tag !== 'CloseJetstream',
  opened: (i, at, connection) => ({ _tag: 'KnotOpened', at, connection, host: hostOf(i) }),
  wakes: (i, connection, pause) => ({ _tag: 'WakeAfter', ...pause, timer: { _tag: 'KnotTimer', connection, host: hostOf(i) } })
}

/** What makes the machine want both knots, and has the first of them say something. */
const wanting: ReadonlyArray<Event> = [
  ...HOSTS.map((knot, i) =>
    commitOf(
      { collection: REPO, record: { createdAt: '', knot, name: '', repoDid: '', spindle: HOSTNAME } },
      { at: EPOCH_US, connection: 0, did: OWNER, rev: tidAt(EPOCH_US + i), rkey: `repo${String(i)}` as Rkey, timeUs: EPOCH_US }
    )
  ),
  {
    _tag: 'KnotReceived',
    at: EPOCH_US as TimeUs,
    connection: 1 as Natural,
    created: '1000' as Nanos,
    host: HOSTS[0],
    nsid: MEMBER as Nsid,
    rkey: 'self' as Rkey,
    payload: { _tag: 'Other' }
  }
]

// ---------------------------------------------------------------------------------------- arbitraries

const livesOf = (side: Side, count: number, before: ReadonlyArray<Event>, next: number): fc.Arbitrary<LifeRun> =>
  backoffs.chain((backoff) => {
    const config = configWith({ admission: 'open', backfill: false, jetstreamBackoff: backoff, knotBackoff: backoff })
    const start = (): { model: Model; real: Machine } => {
      const taken = steps(
        pure(() => initial(config)),
        before
      )
      const lives = Array.from({ length: count }, (_, i): Life => ({
        losses: 0,
        number: i + next - count,
        openedAt: 0,
        phase: side === stream ? 'Idle' : 'Connecting'
      }))
      return {
        model: { config, lives, next, nowUs: EPOCH_US, stopped: false },
        real: { events: [], moments: [], state: deepFreeze(taken[taken.length - 1]?.after ?? initial(config)) }
      }
    }
    const parts = {
      i: fc.nat(count - 1),
      older: weighted([6, 0], [1, 1], [1, 2]),
      passUs: weighted([3, 1_000], [1, 0], [2, 30 * SECOND_US], [1, 30 * SECOND_US - 1])
    }
    const kinds = (['started', 'opened', 'closed', 'fired', 'lost', 'lost', 'flapped', 'flapped', 'stopped'] as const).map(
      (told) => fc.record({ ...parts, told: fc.constant(told) }).map(command(side))
    )
    return fc.commands(kinds, { maxCommands: 40, size: 'max' }).map((commands) => {
      const { model, real } = start()
      const recorded = (thrown: string | null): LifeRun => ({ events: real.events, moments: real.moments, thrown })
      try {
        fc.modelRun(() => ({ model, real }), commands)
        return recorded(null)
      } catch (error) {
        return recorded(String(error))
      }
    })
  })

/** Lives of the connection to Jetstream, from before the first start. */
export const streamLives: fc.Arbitrary<LifeRun> = livesOf(stream, 1, [], 1)

/** Lives of the connections to two knots. */
export const knotLives: fc.Arbitrary<LifeRun> = livesOf(knots, 2, wanting, 3)
