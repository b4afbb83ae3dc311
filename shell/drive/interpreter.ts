/** Executes effects: one exhaustive switch. Nothing is decided here; what comes of an effect comes back as an event. */
import type { Effect, HostName, Timer } from '../../core/index.js'
import type { Clock, Deliver, Link, Log, Network, Random, Records, Workflows } from '../ports.js'
import type { Builder } from './builder.js'
import { createReporter } from './reporter.js'

export interface Interpreter {
  readonly execute: (effect: Effect) => void
  /** Stops reading from every connection, later ones included, until `resume`. */
  readonly pause: () => void
  readonly resume: () => void
  /** Ends every connection and every timer, whatever the machine thinks of them. Resolves when the sockets are gone. */
  readonly close: () => Promise<void>
}

/** What effects are executed on. */
export interface InterpreterPorts {
  readonly builder: Builder
  readonly clock: Clock
  readonly log: Log
  readonly network: Network
  readonly random: Random
  readonly records: Records
  readonly workflows: Workflows
}

const jetstreamKey = (connection: number): string => `jetstream ${String(connection)}`
const knotKey = (host: HostName, connection: number): string => `${host} ${String(connection)}`

export const createInterpreter = (
  { builder, clock, log, network, random, records, workflows }: InterpreterPorts,
  deliver: Deliver
): Interpreter => {
  const links = new Map<string, Link>()
  const timers = new Set<() => void>()
  const say = createReporter(clock, log)
  let isPaused = false

  const keep = (key: string, link: Link): void => {
    links.set(key, link)
    void link.gone.then(() => links.delete(key))
    if (isPaused) link.pause()
  }

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
          return keep(jetstreamKey(effect.connection), network.openJetstream(effect.connection, effect.ordinal ?? effect.cursor, deliver))
        case 'CloseJetstream':
          return closeLink(jetstreamKey(effect.connection))
        case 'SubscribeKnot':
        case 'ReconnectKnot':
          return keep(knotKey(effect.host, effect.connection), network.openKnot(effect.connection, effect.host, effect.cursor, deliver))
        case 'UnsubscribeKnot':
          return closeLink(knotKey(effect.host, effect.connection))
        case 'WakeAfter':
          return wakeAfter(effect.lowMs, effect.highMs, effect.timer)
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
        // Readers are served from what has become durable: server.ts observes it.
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
      for (const link of links.values()) link.resume()
    },
    close: async () => {
      for (const cancel of timers) cancel()
      timers.clear()
      await Promise.all([...[...links.values()].map((link) => link.close()), builder.close(), records.close(), workflows.close()])
    }
  }
}
