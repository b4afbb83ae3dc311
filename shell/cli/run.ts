/** `tack run`: the bridge on the real ports, until somebody wants it to end. */
import * as E from 'fp-ts/lib/Either.js'
import { type Effect, type Event, holdersOf, initial, type State } from '../../core/index.js'
import { systemClock, systemRandom } from '../clock.js'
import { jetstreamClient } from '../jetstream.js'
import { knotClient } from '../knot.js'
import { createLog } from '../log.js'
import type { Log } from '../ports.js'
import { createProgress } from '../progress.js'
import { type Observer, startBridge } from '../runtime.js'
import { openStore } from '../store.js'
import { configOf, type RunOptions } from './options.js'

/** A stop that has not come to an end by then is ended. */
const STOP_MS = 5_000

/** Runs the bridge. Returns the exit code: 0 after a clean stop, 1 when the store cannot be used, 2 for options that do not fit. */
export const run = async (options: RunOptions, out: NodeJS.WriteStream, complain: (text: string) => void): Promise<number> => {
  const config = configOf(options)
  if (E.isLeft(config)) {
    complain(`error: ${config.left}`)
    return 2
  }
  const isTerminal = out.isTTY
  const log = createLog(options.log ?? (isTerminal ? 'pretty' : 'json'), options.logLevel, out)
  const clock = systemClock()

  const opened = await openStore({
    folder: options.store,
    initial: () => initial(config.right),
    onReport: (message) => log.warn(message, { store: options.store })
  })()
  if (E.isLeft(opened)) {
    complain(`error: ${opened.left.path}: ${opened.left.message}`)
    return 1
  }
  const store = opened.right
  log.info('the bridge starts', {
    hostname: options.hostname,
    owner: options.owner,
    admission: options.admission,
    store: options.store,
    jetstream: options.jetstream.host,
    cursor: store.state.cursor.cursor
  })
  if (options.listen !== undefined) log.warn('nothing is served yet: the listen address has no effect', { listen: options.listen })

  const isDev = options.dev === true
  const policy = { allowLoopback: isDev || options.allowLoopback === true }
  const progress = createProgress(clock, log, isTerminal ? out : null)
  const tell = narrate(log)
  const bridge = startBridge(
    {
      clock,
      log,
      network: {
        openJetstream: jetstreamClient({ clock, log, policy, url: options.jetstream }),
        openKnot: knotClient({ clock, log, policy, isInsecure: isDev })
      },
      random: systemRandom,
      store
    },
    config.right,
    options.cursor ?? null,
    (durable, events, effects) => {
      progress(durable)
      tell(durable, events, effects)
    }
  )

  const stop = (signal: NodeJS.Signals): void => {
    log.info('stopping', { signal })
    setTimeout(() => {
      log.error('the bridge did not stop in time; what was acknowledged is saved', { afterMs: STOP_MS })
      process.exit(1)
    }, STOP_MS).unref()
    void bridge.stop()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)

  const ended = await bridge.ended
  process.off('SIGINT', stop)
  process.off('SIGTERM', stop)
  if (E.isLeft(ended)) {
    log.error('the last events could not be saved; they will be read again', { reason: ended.left })
    return 1
  }
  log.info('stopped; everything is saved', { cursor: bridge.durable().cursor.cursor })
  return 0
}

/**
 * Says what happens, once it is durable: connections and subscriptions at `info`, every record and account at `debug`. The
 * field `event` is for programs that read along.
 */
const narrate: (log: Log) => Observer = (log) => (durable, events, effects) => {
  for (const event of events) narrateEvent(log, event)
  for (const effect of effects) narrateEffect(log, durable, effect)
}

const narrateEvent = (log: Log, event: Event): void => {
  switch (event._tag) {
    case 'JetstreamOpened':
      return log.info('the stream is open', { event: event._tag, connection: event.connection })
    case 'KnotOpened':
      return log.info('listening to a knot', { event: event._tag, knot: event.host, connection: event.connection })
    case 'CommitReceived':
      return log.debug(event.record === null ? 'a record was deleted' : 'a record was written', {
        event: event._tag,
        collection: event.collection,
        did: event.did,
        rkey: event.rkey,
        rev: event.rev,
        timeUs: event.timeUs
      })
    case 'AccountReceived':
      return log.debug('an account changed', {
        event: event._tag,
        did: event.did,
        active: event.active,
        status: event.status,
        timeUs: event.timeUs
      })
    case 'KnotReceived':
      return log.debug('a knot reports', {
        event: event._tag,
        knot: event.host,
        nsid: event.nsid,
        rkey: event.rkey,
        created: event.created
      })
    default:
      return
  }
}

const narrateEffect = (log: Log, durable: State, effect: Effect): void => {
  switch (effect._tag) {
    case 'OpenJetstream':
      return log.info('connecting to the stream', { event: effect._tag, connection: effect.connection, cursor: effect.cursor })
    case 'SubscribeKnot':
      return log.info('subscribing to a knot', {
        event: effect._tag,
        knot: effect.host,
        heldBy: holdersOf(effect.host)(durable).slice(0, 5),
        cursor: effect.cursor
      })
    case 'UnsubscribeKnot':
      return log.info('unsubscribing from a knot', { event: effect._tag, knot: effect.host })
    default:
      return
  }
}
