/**
 * A bridge on simulated ports: time moves when the test says so, appends succeed when the scheduler says so, and the network does
 * what the test makes it do. Same code as in production, one seed, one run.
 */
import type { Scheduler } from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { Config, type Did, defaults, type Event, type HostName, initial, type Nanos, type Natural, run, type State, type TimeUs } from '../../../core/index.js'
import { silentLog } from '../../../shell/lib/log.js'
import type { Clock, Deliver, Link, Network, Random } from '../../../shell/ports.js'
import type { InterpreterPorts } from '../../../shell/drive/interpreter.js'
import type { Ports } from '../../../shell/drive/runtime.js'
import type { Store } from '../../../shell/store/index.js'

export const OWNER = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' as Did
export const HOSTNAME = 'ci.example.com'
export const BEGIN = 1_767_225_600_000_000 as TimeUs

/** A configuration for tests: anybody is admitted, nobody's records are read, hosts may have ports. */
export const config: Config = E.getOrElse<unknown, Config>(() => {
  throw new Error('the configuration of the tests is not valid')
})(
  Config.decode({
    ...defaults({ hostname: HOSTNAME, owner: OWNER }),
    admission: 'open',
    backfill: false,
    hosts: { defaultPort: 80, loopback: true, ports: true }
  })
)

// ---------------------------------------------------------------------------------------- time

export interface ManualClock extends Clock {
  /** Moves time on, and lets everything that is due happen, in order. */
  readonly advance: (ms: number) => void
  /** How many timers are armed. */
  readonly armed: () => number
}

export const manualClock = (): ManualClock => {
  let nowUs: number = BEGIN
  let timers: ReadonlyArray<{ readonly atUs: number; readonly then: () => void }> = []
  return {
    now: () => nowUs as TimeUs,
    after: (ms, then) => {
      const timer = { atUs: nowUs + ms * 1000, then }
      timers = [...timers, timer]
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    advance: (ms) => {
      const until = nowUs + ms * 1000
      for (;;) {
        const [due] = timers.filter(({ atUs }) => atUs <= until).sort((a, b) => a.atUs - b.atUs)
        if (due === undefined) break
        nowUs = due.atUs
        timers = timers.filter((other) => other !== due)
        due.then()
      }
      nowUs = until
    },
    armed: () => timers.length
  }
}

export const middle: Random = { between: (low, high) => Math.floor((low + high) / 2) }

// ---------------------------------------------------------------------------------------- network

export interface Dial {
  readonly connection: Natural
  readonly cursor: TimeUs | Nanos | Natural | null
  readonly deliver: Deliver
  /** `null`: the stream. */
  readonly host: HostName | null
  isClosed: boolean
  isPaused: boolean
}

/** A network on which nothing happens but what the test does to the dials. */
export const fakeNetwork = (onDial: (dial: Dial) => void = () => undefined) => {
  const dials: Array<Dial> = []
  const dial = (host: HostName | null, connection: Natural, cursor: TimeUs | Nanos | Natural | null, deliver: Deliver): Link => {
    let end: () => void = () => undefined
    const gone = new Promise<void>((resolve) => (end = resolve))
    const made: Dial = {
      connection,
      cursor,
      deliver: (event, chars) => {
        deliver(event, chars)
        if (event._tag === 'JetstreamClosed' || event._tag === 'KnotClosed') end()
      },
      host,
      isClosed: false,
      isPaused: false
    }
    dials.push(made)
    onDial(made)
    return {
      gone,
      pause: () => {
        made.isPaused = true
      },
      resume: () => {
        made.isPaused = false
      },
      close: () => {
        made.isClosed = true
        end()
        return gone
      }
    }
  }
  const network: Network = {
    openJetstream: (connection, cursor, deliver) => dial(null, connection, cursor, deliver),
    openKnot: (connection, host, cursor, deliver) => dial(host, connection, cursor, deliver)
  }
  return { dials, network }
}

// ---------------------------------------------------------------------------------------- store

export interface FakeStore extends Store {
  /** What has been acknowledged, in order. */
  readonly acknowledged: () => ReadonlyArray<Event>
  /** What has been given to `append`, acknowledged or not. */
  readonly given: () => ReadonlyArray<Event>
  /** The next so many saves, of either kind, fail. */
  readonly fail: (saves: number) => void
  readonly isClosed: () => boolean
  /** The states that were saved whole after a failure. */
  readonly rescues: () => ReadonlyArray<State>
  /** The state that the store would give back after a crash at this moment. */
  readonly surviving: () => State
}

/** A store in memory, whose saves are acknowledged when the scheduler lets them. */
export const fakeStore = (scheduler: Scheduler | null = null): FakeStore => {
  const start = initial(config)
  const acknowledged: Array<Event> = []
  const given: Array<Event> = []
  const rescues: Array<State> = []
  let failures = 0
  let isClosed = false
  const save =
    (label: string, then: () => void) => async (): Promise<E.Either<{ _tag: 'Failed'; path: string; message: string }, void>> => {
      await (scheduler === null ? Promise.resolve() : scheduler.schedule(Promise.resolve(), label))
      if (failures > 0) {
        failures--
        return E.left({ _tag: 'Failed', path: 'memory', message: 'no space left' })
      }
      then()
      return E.right(undefined)
    }
  return {
    state: start,
    append: (events) => {
      given.push(...events)
      return save('append', () => acknowledged.push(...events))
    },
    snapshot: () => save('snapshot', () => undefined),
    rescue: (state) =>
      save('rescue', () => {
        rescues.push(state)
        acknowledged.splice(0, acknowledged.length, ...given)
      }),
    journalBytes: () => 0,
    snapshotBytes: () => 0,
    close: () =>
      save('close', () => {
        isClosed = true
      }),
    acknowledged: () => acknowledged,
    given: () => given,
    fail: (saves) => {
      failures = saves
    },
    isClosed: () => isClosed,
    rescues: () => rescues,
    surviving: () => run(start, acknowledged)[0]
  }
}

/** What builds and reading need: nobody has any, and what is asked is never answered. */
export const nothingElse: Pick<InterpreterPorts, 'access' | 'builder' | 'records' | 'workflows'> = {
  builder: {
    cancel: () => undefined,
    close: () => Promise.resolve(),
    find: () => undefined,
    follow: () => undefined,
    start: () => undefined,
    unfollow: () => undefined
  },
  access: { close: () => Promise.resolve(), read: () => undefined },
  records: { close: () => Promise.resolve(), read: () => undefined },
  workflows: { close: () => Promise.resolve(), read: () => undefined }
}

export const ports = (clock: Clock, network: Network, store: Store): Ports => ({
  ...nothingElse,
  clock,
  log: silentLog,
  network,
  random: middle,
  store
})

/** Lets everything happen that can happen without time moving on. */
export const settle = async (scheduler: Scheduler | null = null): Promise<void> => {
  for (let quiet = 0; quiet < 12; quiet++) {
    await new Promise(setImmediate)
    while (scheduler !== null && scheduler.count() > 0) {
      await scheduler.waitNext(1)
      await new Promise(setImmediate)
      quiet = 0
    }
  }
}
