/** Executes effects: one exhaustive switch. Nothing is decided here; the outcome of an effect comes back as an event. */
import type { Effect, HostName, Timer } from '../../core/index.js'
import type { AccessReader, Clock, Deliver, Link, Log, Network, Random, Records, Workflows } from '../ports.js'
import type { Builder } from './builder.js'
import { createReporter } from './reporter.js'

export interface Interpreter {
  readonly execute: (effect: Effect) => void
  /** Stops reading from every connection, later ones included, until `resume`. */
  readonly pause: () => void
  /**
   * Resumes reading: first from peers that have sent nothing since their last turn, and a turn of the event loop later from all. So a peer that
   * fills every turn does not starve the others.
   */
  readonly resume: () => void
  /** Closes every connection and stops every timer, whatever the state says of them. Resolves when the sockets are closed. */
  readonly close: () => Promise<void>
}

/** The ports that effects are executed on. */
export interface InterpreterPorts {
  readonly access: AccessReader
  readonly builder: Builder
  readonly clock: Clock
  readonly log: Log
  readonly network: Network
  readonly random: Random
  readonly records: Records
  readonly workflows: Workflows
}

/** No host name contains a space. */
const STREAM = 'jetstream '
const jetstreamKey = (connection: number): string => `${STREAM}${String(connection)}`
const knotKey = (host: HostName, connection: number): string => `${host} ${String(connection)}`

export const createInterpreter = (
  { access, builder, clock, log, network, random, records, workflows }: InterpreterPorts,
  deliver: Deliver
): Interpreter => {
  const links = new Map<string, Link>()
  const timers = new Set<() => void>()
  const say = createReporter(clock, log)
  /** Connections that have sent something since their last turn. */
  const heard = new Set<string>()
  let isPaused = false
  let resumed = 0

  const keep = (key: string, open: (deliver: Deliver) => Link): void => {
    const link = open((event, chars) => {
      heard.add(key)
      deliver(event, chars)
    })
    links.set(key, link)
    void link.gone.then(() => {
      links.delete(key)
      heard.delete(key)
    })
    if (isPaused) link.pause()
  }

  /** Every other time, the stream is not last: thousands of knots must not hold up the records that release them. */
  const isFirst = (key: string): boolean => !heard.has(key) || (key.startsWith(STREAM) && resumed % 2 === 0)

  const closeLink = (key: string): void => {
    void links.get(key)?.close()
  }

  const wakeAfter = (lowMs: number, highMs: number, timer: Timer): void => {
    const cancel = clock.after(random.between(lowMs, highMs), () => {
      timers.delete(cancel)
      deliver({ _tag: 'TimerFired', at: clock.now(), timer })
    })
    timers.add(cancel)
  }

  return {
    execute: (effect) => {
      switch (effect._tag) {
        case 'OpenJetstream':
          return keep(jetstreamKey(effect.connection), (onEvent) => network.openJetstream(effect.connection, effect.ordinal ?? effect.cursor, onEvent))
        case 'CloseJetstream':
          return closeLink(jetstreamKey(effect.connection))
        case 'SubscribeKnot':
          return keep(knotKey(effect.host, effect.connection), (onEvent) => network.openKnot(effect.connection, effect.host, effect.cursor, onEvent))
        case 'UnsubscribeKnot':
          return closeLink(knotKey(effect.host, effect.connection))
        case 'WakeAfter':
          return wakeAfter(effect.lowMs, effect.highMs, effect.timer)
        case 'ReadAccess':
          return access.read(effect, deliver)
        case 'ReadRecords':
          return records.read(effect, deliver)
        case 'ReadWorkflows':
          return workflows.read(effect, deliver)
        case 'StartBuild':
          return builder.start(effect, deliver)
        case 'FindBuild':
          return builder.find(effect, deliver)
        case 'FollowBuild':
          return builder.follow(effect, deliver)
        case 'UnfollowBuild':
          return builder.unfollow(effect)
        case 'CancelBuild':
          return builder.cancel(effect, deliver)
        // Readers are served from the durable state, which server.ts observes.
        case 'PublishPipeline':
        case 'PublishStatus':
          return
        case 'Report':
          return say(effect.report)
      }
    },
    pause: () => {
      isPaused = true
      for (const link of links.values()) link.pause()
    },
    resume: () => {
      isPaused = false
      resumed += 1
      const time = resumed
      const all = (): void => {
        if (isPaused || time !== resumed) return
        heard.clear()
        for (const link of links.values()) link.resume()
      }
      const first = [...links].filter(([key]) => isFirst(key))
      if (first.length === 0) return all()
      for (const [, link] of first) link.resume()
      setImmediate(all)
    },
    close: async () => {
      for (const cancel of timers) cancel()
      timers.clear()
      await Promise.all([...[...links.values()].map((link) => link.close()), access.close(), builder.close(), records.close(), workflows.close()])
    }
  }
}
