/**
 * A bridge and a server that may number its frames: connections are lost, and the server begins to count anew, leads a number elsewhere, says nothing,
 * gives no numbers any more, or begins a replay earlier than it was asked to. Stamps rise, so that by time everything can be had; in the end the
 * server behaves, and sends all it has.
 */
import fc from 'fast-check'
import { type Effect, type Event, type Natural, REPO, type State, type TimeUs } from '../../../core/index.js'
import type { Served } from '../laws/cursor.js'
import { type Change, commitOf, deletion, tidAt } from '../laws/events.js'
import { take } from '../laws/fence.js'
import { end, runOf, unfold } from '../laws/run.js'
import { changes } from './changes.js'
import { configWith } from './config.js'
import { dids, EPOCH_US, rkeys, SECOND_US, weighted } from './data.js'

const plain = { noNullPrototype: true } as const

// ---------------------------------------------------------------------------------------- the server

/** How the server is from now on: `lies` leads a number so many frames further on, `silent` says nothing to one, `plain` gives none. */
type Mood = 'honest' | 'lies' | 'plain' | 'renumbers' | 'silent'

type Act =
  | { readonly _tag: 'Publish'; readonly change: Change; readonly did: Published['did']; readonly passUs: number; readonly rkey: Published['rkey'] }
  | { readonly _tag: 'Send'; readonly count: number }
  | { readonly _tag: 'Lose' }
  | { readonly _tag: 'Restart' }
  | { readonly _tag: 'Mood'; readonly mood: Mood }

interface Published {
  readonly change: Change
  readonly did: Parameters<typeof commitOf>[1]['did']
  readonly rkey: Parameters<typeof commitOf>[1]['rkey']
  readonly timeUs: number
}

interface Course {
  readonly acts: ReadonlyArray<Act>
  /** How much earlier than asked a replay by time begins, in frames. */
  readonly early: number
  /** Whether the operations of one commit may share a stamp. */
  readonly isShared: boolean
}

/** The server, as it is at some moment. */
interface Server {
  base: number
  connection: number
  isNumbered: boolean
  readonly log: Array<Published>
  mood: Mood
  /** What comes next over the connection. */
  next: number
}

/** A connection is asked for. */
const dialled = (server: Server, { connection, cursor, ordinal }: Extract<Effect, { readonly _tag: 'OpenJetstream' }>, early: number): void => {
  server.connection = connection
  const live = server.log.length
  if (ordinal !== null) {
    const place = ordinal - server.base + (server.mood === 'lies' ? 2 : 0)
    server.next = server.mood === 'silent' || place >= live ? live : Math.max(place, 0)
    return
  }
  const from = cursor === null ? live : server.log.findIndex(({ timeUs }) => timeUs >= cursor)
  server.next = from < 0 ? live : Math.max(0, from - early)
}

const frameOf = (server: Server, index: number, nowUs: number): Event => {
  const { change, did, rkey, timeUs } = server.log[index] as Published
  const ordinal = server.isNumbered ? server.base + index : null
  return commitOf(change, { at: nowUs, connection: server.connection, did, ordinal, rev: tidAt(EPOCH_US + index), rkey, timeUs })
}

// ---------------------------------------------------------------------------------------- playing

const CONFIG = configWith({ admission: 'open', jetstream: 'wss://one.example/subscribe' })

/** What has come before anything goes wrong: who has heard nothing has nothing to resume from. */
const FIRST: Published = { change: deletion(REPO), did: 'did:plc:first' as Published['did'], rkey: 'self' as Published['rkey'], timeUs: EPOCH_US }

const play = ({ acts, early, isShared }: Course): Served => {
  const server: Server = { base: 1_000, connection: 0, isNumbered: true, log: [], mood: 'honest', next: 0 }
  let nowUs = EPOCH_US
  const events: Array<Event> = []
  const at = (): TimeUs => (nowUs += 10) as TimeUs
  const start = (): Event => ({ _tag: 'Started', at: at(), config: CONFIG, resumeFrom: null })

  // What is to happen is found by stepping the machine; the run is then made of the events.
  let state: State = end(runOf(CONFIG, []))
  const happens = (event: Event): void => {
    events.push(event)
    const step = take(state, event)
    state = step.after
    for (const effect of step.effects) if (effect._tag === 'OpenJetstream') dialled(server, effect, early)
  }
  const connection = (): Natural => state.cursor.connection.number
  const timer = (): Event => ({ _tag: 'TimerFired', at: at(), timer: { _tag: 'JetstreamTimer', connection: connection() } })
  const settle = (): void => {
    if (state.cursor.connection.phase._tag === 'Waiting') happens(timer())
    if (state.cursor.connection.phase._tag === 'Connecting') happens({ _tag: 'JetstreamOpened', at: at(), connection: connection() })
  }
  const send = (count: number): void => {
    settle()
    for (let i = 0; i < count && server.next < server.log.length; i++) {
      const index = server.next
      server.next += 1
      happens(frameOf(server, index, at()))
      settle()
    }
  }

  happens(start())
  settle()
  server.log.push(FIRST)
  send(1)
  for (const act of acts)
    switch (act._tag) {
      case 'Publish': {
        const last = server.log[server.log.length - 1]?.timeUs ?? EPOCH_US
        const { change, did, passUs, rkey } = act
        nowUs += passUs
        server.log.push({ change, did, rkey, timeUs: Math.max(nowUs, isShared ? last : last + 1) })
        if (isShared && passUs === 0) server.log.push({ ...act, timeUs: Math.max(nowUs, last) })
        break
      }
      case 'Send':
        send(act.count)
        break
      case 'Lose':
        settle()
        happens({ _tag: 'JetstreamClosed', at: at(), connection: connection(), poisoned: false })
        break
      case 'Restart':
        happens(start())
        break
      case 'Mood':
        server.mood = act.mood
        if (act.mood === 'renumbers') server.base += isShared ? 500 : 1 + (server.log.length % 3)
        server.isNumbered = act.mood !== 'plain'
    }
  // Nothing came in answer to a number: the time for that is over. Then everything that there is.
  settle()
  if (server.next >= server.log.length) happens(timer())
  send(Infinity)
  server.mood = 'honest'
  happens(start())
  send(Infinity)
  happens(timer())
  send(Infinity)

  const all = server.log.map((_, i) => frameOf({ ...server, base: 0, connection: 0 }, i, nowUs))
  return { clean: runOf(CONFIG, all), run: unfold(CONFIG, events.length, (_, i) => events[i] as Event) }
}

const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    arbitrary: fc.record(
      { _tag: fc.constant('Publish' as const), change: changes, did: dids, passUs: weighted([3, 1_000], [2, 0], [3, 3 * SECOND_US], [1, 80 * SECOND_US]), rkey: rkeys },
      plain
    ),
    weight: 8
  },
  { arbitrary: fc.record({ _tag: fc.constant('Send' as const), count: weighted([3, 1], [2, 2], [2, 9]) }, plain), weight: 8 },
  { arbitrary: fc.constant<Act>({ _tag: 'Lose' }), weight: 4 },
  { arbitrary: fc.constant<Act>({ _tag: 'Restart' }), weight: 1 },
  {
    arbitrary: fc.record(
      { _tag: fc.constant('Mood' as const), mood: weighted<Mood>([4, 'honest'], [2, 'lies'], [1, 'plain'], [2, 'renumbers'], [1, 'silent']) },
      plain
    ),
    weight: 2
  }
)

/** Courses of a bridge and its server, played. */
export const served: fc.Arbitrary<Served> = fc
  .record({ acts: fc.array(acts, { maxLength: 40, size: 'max' }), early: weighted([2, 0], [1, 4]), isShared: fc.boolean() }, plain)
  .map(play)
